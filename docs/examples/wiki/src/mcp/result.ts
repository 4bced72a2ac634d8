import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { WikiError } from '../errors.js';

export interface Answer {
  /** For the model to read. */
  readonly text: string;
  /** The same as data, as the tool's output schema says. */
  readonly data: Record<string, unknown>;
}

/** Runs one tool call. What the caller may know of a failure becomes an `isError` result; the rest stays here. */
export async function toolResult(run: () => Promise<Answer>): Promise<CallToolResult> {
  try {
    const { text, data } = await run();
    return { content: [{ type: 'text', text }], structuredContent: data };
  } catch (error) {
    return { content: [{ type: 'text', text: failureText(error) }], isError: true };
  }
}

export function failureText(error: unknown): string {
  if (error instanceof WikiError) return `${error.code}: ${error.message}`;
  console.error('MCP call failed:', error);
  return 'internal: The wiki cannot do this right now';
}
