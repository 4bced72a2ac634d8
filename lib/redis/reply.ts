export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((part) => typeof part === 'string');

/** For an answer that Redis cannot have meant: it counts as none. */
export const nonsense = (): Error => new Error('Redis gave an answer that makes no sense');
