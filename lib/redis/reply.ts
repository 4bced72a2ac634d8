import { isRecord } from '../options.js';

export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((part) => typeof part === 'string');

/** For an answer that Redis cannot have meant: it counts as none. */
export const nonsense = (): Error => new Error('Redis gave an answer that makes no sense');

/** The object that a text of JSON stands for; nothing where it is no JSON, or no object. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
