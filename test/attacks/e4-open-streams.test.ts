import { expect } from 'chai';

import { toolCall } from '../support/call.js';
import { until } from '../support/gate.js';
import type { Stream } from '../support/stream.js';
import { ACTS, ALICE, openPlace, type Place } from './support/endings.js';
import { bearer } from './support/people.js';
import { begin, hear, post, use } from './support/sessions.js';

/** The listening stream of a session, and the answer to a call that still runs. */
async function openStreams(place: Place, authorization: string, session: string): Promise<readonly Stream[]> {
  const { url, servers, running } = place;
  const streams = [
    await hear(url, authorization, session),
    await post(url, authorization, session, toolCall('whoami')),
  ];
  await until('the call runs', () => place.running === running + 1);
  await servers.at(-1)?.sendLoggingMessage({ level: 'info', data: 'before' });
  await until('events arrive', () => streams[0]?.text.includes('before'));
  expect(streams.map(({ response }) => response.statusCode)).to.deep.equal([200, 200]);
  return streams;
}

/** Says something to every session, all the time. */
function chatter({ servers }: Place): Disposable & { readonly said: number } {
  let said = 0;
  const timer = setInterval(() => {
    said += 1;
    for (const server of servers)
      server.sendLoggingMessage({ level: 'info', data: `word ${said}` }).catch(() => {});
  }, 2);
  return {
    get said() {
      return said;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Milliseconds from now until all of them are over. */
async function timeToEnd(streams: readonly Stream[], since: number): Promise<number> {
  await Promise.all(streams.map(({ ended }) => ended));
  return performance.now() - since;
}

for (const [name, { setting, run, recheckMs = 0, afterMs = 0, status, endsAll }] of Object.entries(ACTS)) {
  it(`E4: ${name} closes open streams within 1 s, and no event comes after it`, async () => {
    const expiresAt = Date.now() / 1000 + afterMs / 1000;
    const alice = setting?.alice?.expiresAt === 0 ? { expiresAt } : setting?.alice;
    await using place = await openPlace({ ...setting, ...(alice && { alice }) });
    const bob = await begin(place.url, bearer('bob'));
    const bobs = await hear(place.url, bearer('bob'), bob);
    const session = await begin(place.url, ALICE);
    const due = performance.now() + afterMs;
    const streams = await openStreams(place, ALICE, session);
    using words = chatter(place);

    const since = Math.max(due, performance.now());
    await run(place, session);
    expect(await timeToEnd(streams, since)).to.be.below(1000 + recheckMs);

    const heard = streams.map(({ text }) => text);
    const saidBefore = words.said;
    await until('more was said', () => words.said > saidBefore + 5);
    expect(streams.map(({ text }) => text)).to.deep.equal(heard);
    expect(streams[1]?.text, 'no answer of the call that ran').not.to.include('result');
    expect((await use(place.url, ALICE, session, toolCall('echo', { text: 'x' }))).status).to.equal(status);
    if (!endsAll) {
      expect(bobs.isEnded, 'the stream of somebody else').to.equal(false);
      await until('somebody else goes on hearing', () => bobs.text.includes(`word ${words.said}`));
    }
    bobs.drop();
  });
}

it('E4: after revoke has resolved, not one more event leaves, however fast the server speaks', async () => {
  await using place = await openPlace();
  const session = await begin(place.url, ALICE);
  const [stream] = await openStreams(place, ALICE, session);
  const [server] = place.servers;
  await place.sessions.revoke({ subject: 'alice' });
  for (let i = 0; i < 100; i += 1) {
    server?.sendLoggingMessage({ level: 'info', data: 'after the revocation' }).catch(() => {});
  }
  await stream?.ended;
  expect(stream?.text).to.include('before').and.not.include('after the revocation');
});

it('E4: a stream that is being opened while its session is revoked is not left open', async () => {
  await using place = await openPlace();
  const streams: Stream[] = [];
  for (let round = 0; round < 20; round += 1) {
    const session = await begin(place.url, ALICE);
    const opening = hear(place.url, ALICE, session);
    for (let hop = 0; hop < round; hop += 1) await new Promise((resolve) => setImmediate(resolve));
    await place.sessions.revoke({ subject: 'alice' });
    const stream = await opening.catch(() => undefined);
    if (stream) streams.push(stream);
  }
  expect(await timeToEnd(streams, performance.now())).to.be.below(1000);
});

it('E4: a directory that is down for one recheck closes nothing, for two it does', async () => {
  await using place = await openPlace();
  const session = await begin(place.url, ALICE);
  const stream = await hear(place.url, ALICE, session);
  place.isDirectoryDown = true;
  const since = performance.now();
  await stream.ended;
  const took = performance.now() - since;
  // Rechecks are half a second apart, and the first of them is as long after the stream's beginning.
  expect(took, 'not at the first').to.be.above(900);
  expect(took).to.be.below(2000);
  place.isDirectoryDown = false;
  expect(
    (await use(place.url, ALICE, session, toolCall('echo', { text: 'x' }))).status,
    'the session',
  ).to.equal(200);
});
