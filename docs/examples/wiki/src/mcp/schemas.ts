import { z } from 'zod';

const summaryFields = {
  slug: z.string(),
  title: z.string(),
  visibility: z.enum(['public', 'private']),
  revision: z.number().int(),
  updatedAt: z.string().describe('ISO 8601'),
  updatedBy: z.string(),
};

export const pageSummary = z.object(summaryFields);
export const pageMatch = z.object({ ...summaryFields, excerpt: z.string() });
export const pageFields = { ...summaryFields, body: z.string().describe('Markdown') };

export const pageRevision = z.object({
  revision: z.number().int(),
  title: z.string(),
  summary: z.string(),
  author: z.string(),
  createdAt: z.string().describe('ISO 8601'),
});
