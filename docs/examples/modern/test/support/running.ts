import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createNotesApp, type NotesApp, type NotesAppConfig } from '../../src/app.js';
import { listen } from '../../src/listen.js';
import { issueToken } from '../../src/tokens.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach('stop what the test started', async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The official clients, and how each of them finds the protocol version. */
export const KINDS = ['v2 auto', 'v2 pinned', 'v2 legacy', 'v1'] as const;
export type Kind = (typeof KINDS)[number];
export const eraOf = (kind: Kind): string =>
  kind === 'v2 auto' || kind === 'v2 pinned' ? 'modern' : 'legacy';

const MODES: Readonly<Record<Exclude<Kind, 'v1'>, VersionNegotiationMode>> = {
  'v2 auto': 'auto',
  'v2 pinned': { pin: '2026-07-28' },
  'v2 legacy': 'legacy',
};

export interface Answer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

/** One person's client, whichever it is. */
export interface Person {
  call(name: string, args?: Record<string, unknown>): Promise<Answer>;
  read(uri: string): Promise<string>;
  /** What was asked of the person, in order. */
  readonly questions: string[];
  /** What the person says to the next questions. */
  says: 'yes' | 'no';
}

export interface Running extends NotesApp {
  readonly url: URL;
  token(userId: string, lifetimeSeconds?: number): Promise<string>;
  connect(kind: Kind, userId: string): Promise<Person>;
  /** A client of 2026-07-28 that listens for changes of these resources. */
  subscribe(userId: string, uris: readonly string[], lifetimeSeconds?: number): Promise<Subscription>;
  /** A POST to `/mcp` as it is. */
  post(headers: Record<string, string>, message: unknown): Promise<Response>;
}

export interface Subscription {
  /** The URIs it was told of. */
  readonly heard: string[];
  readonly closed: Promise<string>;
}

const unset: NotesAppConfig = {
  secret: Buffer.from('a secret for the tests, of 32 bytes'),
  allowedHosts: undefined,
  trustProxy: undefined,
};

const info = { name: 'test', version: '1.0.0' };
const capabilities = { elicitation: { form: {} } };

/** The notes on a free port of the loopback address. Stops after the test. */
export async function startNotes(config: Partial<NotesAppConfig> = {}): Promise<Running> {
  const settings = { ...unset, ...config };
  const notesApp = createNotesApp(settings);
  const listening = await listen(notesApp.app, '127.0.0.1', 0);
  cleanups.push(async () => {
    await notesApp.mcp.close(0);
    await listening.close(0);
  });
  const url = new URL('/mcp', listening.url);
  const token = (userId: string, lifetimeSeconds = 60): Promise<string> =>
    issueToken(settings.secret, userId, lifetimeSeconds);
  const init = async (userId: string, lifetimeSeconds?: number) => ({
    requestInit: { headers: { Authorization: `Bearer ${await token(userId, lifetimeSeconds)}` } },
  });

  async function connectV2(mode: VersionNegotiationMode, userId: string, lifetimeSeconds?: number) {
    const client = new Client(info, { capabilities, versionNegotiation: { mode } });
    cleanups.push(() => client.close());
    await client.connect(new StreamableHTTPClientTransport(url, await init(userId, lifetimeSeconds)));
    return client;
  }

  return {
    ...notesApp,
    url,
    token,
    async connect(kind, userId) {
      const person = { questions: [] as string[], says: 'yes' as 'yes' | 'no' };
      const decide = (question: string) => {
        person.questions.push(question);
        return { action: 'accept' as const, content: { confirm: person.says === 'yes' } };
      };
      if (kind === 'v1') {
        const client = new ClientV1(info, { capabilities });
        client.setRequestHandler(ElicitRequestSchema, ({ params }) => decide(params.message));
        const transport = new TransportV1(url, await init(userId));
        cleanups.push(() => client.close());
        // The SDK's own class is not assignable to its Transport under exactOptionalPropertyTypes.
        await client.connect(transport as Parameters<ClientV1['connect']>[0]);
        return Object.assign(person, {
          call: async (name: string, args = {}) => answerOf(await client.callTool({ name, arguments: args })),
          read: async (uri: string) => textIn(await client.readResource({ uri })),
        });
      }
      const client = await connectV2(MODES[kind], userId);
      client.setRequestHandler('elicitation/create', ({ params }) => decide(params.message));
      return Object.assign(person, {
        call: async (name: string, args = {}) => answerOf(await client.callTool({ name, arguments: args })),
        read: async (uri: string) => textIn(await client.readResource({ uri })),
      });
    },
    async subscribe(userId, uris, lifetimeSeconds) {
      const client = await connectV2('auto', userId, lifetimeSeconds);
      const heard: string[] = [];
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
        heard.push(params.uri);
      });
      const { closed } = await client.listen({ resourceSubscriptions: [...uris] });
      return { heard, closed };
    },
    post(headers, message) {
      return fetch(url, {
        method: 'POST',
        headers: {
          Accept: 'application/json, text/event-stream',
          'Content-Type': 'application/json',
          ...headers,
        },
        body: JSON.stringify(message),
      });
    },
  };
}

function answerOf(result: object): Answer {
  const { isError, content, structuredContent } = result as {
    isError?: boolean;
    content: { text?: string }[];
    structuredContent?: Record<string, unknown>;
  };
  return { isError: isError === true, text: content[0]?.text ?? '', data: structuredContent ?? {} };
}

const textIn = ({ contents }: { contents: object[] }): string => (contents[0] as { text: string }).text;

/** Resolves when `check` holds. */
export async function until(what: string, check: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!check()) {
    if (Date.now() > end) throw new Error(`in vain waited until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
