import { type Profiler, Session } from 'node:inspector/promises';

export type Profile = Profiler.Profile;

const session = new Session();
const INTERVAL_MICROSECONDS = 200;

export async function startProfile(): Promise<null> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS });
  await session.post('Profiler.start');
  return null;
}

export async function stopProfile(): Promise<Profile> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}
