import { z } from 'zod';

// PostgreSQL keeps no NUL in text.
const text = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');

export const slug = z
  .string()
  .max(80)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by hyphens')
  .describe('The page, as list_pages names it');

/** What an edit consists of, besides the page it is for. */
export const editFields = {
  expectedRevision: z
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .describe('The revision you read; a newer one is a conflict'),
  body: text(0, 100_000).describe('The whole new text, Markdown'),
  title: text(1, 200).optional().describe('A new title; left out, the title stays'),
  summary: text(0, 200).optional().describe('What changed and why, one line'),
};

export const searchFields = {
  text: text(1, 200).describe('Words to look for, in any case'),
  limit: z.number().int().min(1).max(50).default(10),
};

export const historyLimit = z.number().int().min(1).max(100).default(20);
