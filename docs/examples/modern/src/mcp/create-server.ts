import {
  acceptedContent,
  type CallToolResult,
  inputRequired,
  McpServer,
  type RequestStateCodec,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import type { EraContext } from 'express-mcp-guards/v2';
import { z } from 'zod';
import type { Notes } from '../notes/notes.js';
import type { Users } from '../notes/users.js';
import { NOTE_TEMPLATE, noteUri } from './note-uri.js';

/** What somebody has been asked to confirm: exactly this is deleted, or nothing. */
export interface Deletion {
  readonly id: string;
  readonly version: number;
}

export interface ServerParts {
  readonly notes: Notes;
  readonly users: Users;
  readonly deletions: RequestStateCodec<Deletion>;
}

const confirmation = z.object({ confirm: z.boolean().describe('Delete it for good') });
const note = z.object({ uri: z.string(), id: z.string(), text: z.string() });

/** One MCP server for one caller: for one request of 2026-07-28, or for one session of the 2025 era. */
export function serverMaker({ notes, users, deletions }: ServerParts): (context: EraContext) => McpServer {
  return function createServer({ principal, era }) {
    const { subject: me } = principal;
    const server = new McpServer(
      { name: 'notes', title: 'Notes', version: '1.0.0' },
      {
        instructions: `The notes of ${users.nameOf(me)}.`,
        capabilities: { resources: { subscribe: true } },
        requestState: { verify: deletions.verify },
      },
    );
    server.registerTool(
      'whoami',
      {
        description: 'Whose notes these are, and in which era of the protocol you came.',
        outputSchema: z.object({ name: z.string(), era: z.string() }),
        annotations: { readOnlyHint: true },
      },
      () => result({ name: users.nameOf(me), era }),
    );
    server.registerTool(
      'list_notes',
      {
        description: 'All your notes.',
        outputSchema: z.object({ notes: z.array(note) }),
        annotations: { readOnlyHint: true },
      },
      () => result({ notes: notes.list(me).map(({ id, text }) => ({ uri: noteUri(me, id), id, text })) }),
    );
    server.registerTool(
      'write_note',
      {
        description: 'Writes a note, or another text into one that there is.',
        inputSchema: z.object({ text: z.string().min(1).max(10_000), id: z.string().optional() }),
        outputSchema: note,
      },
      ({ text, id }) => {
        const written = notes.write(me, text, id);
        return written
          ? result({ uri: noteUri(me, written.id), id: written.id, text })
          : refusal('There is no such note');
      },
    );
    server.registerTool(
      'delete_note',
      {
        description: 'Deletes a note, once its owner has confirmed it.',
        inputSchema: z.object({ id: z.string() }),
        outputSchema: z.object({ deleted: z.string() }),
        annotations: { destructiveHint: true },
      },
      async ({ id }, context) => {
        const { mcpReq } = context;
        // Sealed, and bound to the principal: what comes back is what this very person was asked.
        const asked = mcpReq.requestState<Deletion>();
        if (!asked) {
          const found = notes.find(me, id);
          if (!found) return refusal('There is no such note');
          return inputRequired({
            requestState: await deletions.mint({ id, version: found.version }, context),
            inputRequests: {
              confirmation: inputRequired.elicit({
                message: `Delete "${found.text}"?`,
                requestedSchema: confirmation,
              }),
            },
          });
        }
        const answer = acceptedContent(mcpReq.inputResponses, 'confirmation', confirmation);
        if (!answer?.confirm) return refusal('Not confirmed: nothing was deleted');
        return notes.delete(me, asked.id, asked.version)
          ? result({ deleted: asked.id })
          : refusal('It has changed since: nothing was deleted');
      },
    );
    server.registerResource(
      'note',
      new ResourceTemplate(NOTE_TEMPLATE, {
        list: () => ({
          resources: notes
            .list(me)
            .map(({ id, text }) => ({ uri: noteUri(me, id), name: text.slice(0, 40) })),
        }),
      }),
      { description: 'One of your notes.', mimeType: 'text/plain' },
      (uri, { owner, id }) => {
        const found = owner === me ? notes.find(me, String(id)) : undefined;
        if (!found) throw new ResourceNotFoundError(uri.href);
        return { contents: [{ uri: uri.href, mimeType: 'text/plain', text: found.text }] };
      },
    );
    return server;
  };
}

const result = (data: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(data) }],
  structuredContent: data,
});
const refusal = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });
