import { DEFAULTS, ENUMS, USER } from './forms.js';
import { PNG, WAV } from './media.js';

/** What a tool asks of its client while it runs. */
export interface Caller {
  log(text: string): Promise<void>;
  /** Of 100; does nothing where nobody asked for it. */
  progress(done: number): Promise<void>;
  /** Resolves to what the client's model says. */
  sample(prompt: string): Promise<string>;
  /** Resolves to what the user answers. */
  elicit(message: string, form: Form): Promise<{ readonly action: string; readonly content?: unknown }>;
  /** Ends the stream of this call: its client has to come back for the result. */
  closeStream(): void;
}

export interface Form {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

type Embedded = { uri: string; mimeType: string; text: string };
export type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: Embedded };

export interface Tool {
  readonly description: string;
  readonly inputSchema: { readonly type: 'object'; readonly [key: string]: unknown };
  run(caller: Caller, args: Readonly<Record<string, unknown>>): Promise<readonly Content[]>;
}

const NOTHING = { type: 'object' } as const;
const oneText = (name: string) =>
  ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }) as const;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

const text = (value: string): Content => ({ type: 'text', text: value });
const image: Content = { type: 'image', data: PNG, mimeType: 'image/png' };
const audio: Content = { type: 'audio', data: WAV, mimeType: 'audio/wav' };
const embedded = (resource: Embedded): Content => ({ type: 'resource', resource });

const fixed = (description: string, ...content: readonly Content[]): Tool => ({
  description,
  inputSchema: NOTHING,
  run: async () => content,
});

const asking = (description: string, form: Form): Tool => ({
  description,
  inputSchema: NOTHING,
  async run(caller) {
    const { action, content } = await caller.elicit('Please look at this form', form);
    return [text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`)];
  },
});

const REGION = { type: 'string', 'x-mcp-header': 'Region' } as const;

/** The tools that the suite calls, by their names. */
export const tools: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['test_simple_text', fixed('Answers text', text('This is a simple text response for testing.'))],
  ['test_image_content', fixed('Answers an image', image)],
  ['test_audio_content', fixed('Answers a sound', audio)],
  [
    'test_embedded_resource',
    fixed(
      'Answers a resource',
      embedded({
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      }),
    ),
  ],
  [
    'test_multiple_content_types',
    fixed(
      'Answers text, an image and a resource',
      text('Multiple content types test:'),
      image,
      embedded({
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      }),
    ),
  ],
  [
    'test_tool_with_logging',
    {
      description: 'Logs while it runs',
      inputSchema: NOTHING,
      async run(caller) {
        await caller.log('Tool execution started');
        await pause();
        await caller.log('Tool processing data');
        await pause();
        await caller.log('Tool execution completed');
        return [text('Logged three times')];
      },
    },
  ],
  [
    'test_tool_with_progress',
    {
      description: 'Tells how far it is',
      inputSchema: NOTHING,
      async run(caller) {
        for (const done of [0, 50, 100]) {
          await caller.progress(done);
          await pause();
        }
        return [text('Done')];
      },
    },
  ],
  [
    'test_error_handling',
    {
      description: 'Fails',
      inputSchema: NOTHING,
      run: () => Promise.reject(new Error('This tool intentionally returns an error for testing')),
    },
  ],
  [
    'test_sampling',
    {
      description: "Asks the client's model",
      inputSchema: oneText('prompt'),
      run: async (caller, { prompt }) => [text(`LLM response: ${await caller.sample(String(prompt))}`)],
    },
  ],
  [
    'test_elicitation',
    {
      description: 'Asks the user',
      inputSchema: oneText('message'),
      async run(caller, { message }) {
        const { action, content } = await caller.elicit(String(message), USER);
        return [text(`User response: action=${action}, content=${JSON.stringify(content)}`)];
      },
    },
  ],
  ['test_elicitation_sep1034_defaults', asking('Asks with defaults', DEFAULTS)],
  ['test_elicitation_sep1330_enums', asking('Asks with choices', ENUMS)],
  [
    'test_reconnection',
    {
      description: 'Ends its stream before it has a result',
      inputSchema: NOTHING,
      async run(caller) {
        await pause();
        caller.closeStream();
        await pause();
        return [text('The result after the stream was closed')];
      },
    },
  ],
  [
    'test_headers',
    {
      description: 'Has an argument that clients of 2026-07-28 also send as a header',
      inputSchema: { type: 'object', properties: { region: REGION }, required: ['region'] },
      run: async (_caller, { region }) => [text(String(region))],
    },
  ],
  [
    'json_schema_2020_12_tool',
    {
      description: 'Has a schema with definitions',
      inputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: {
          address: {
            $anchor: 'addressDef',
            type: 'object',
            properties: { street: { type: 'string' }, city: { type: 'string' } },
          },
        },
        properties: {
          name: { type: 'string' },
          address: { $ref: '#/$defs/address' },
          contact: { type: 'string' },
          phone: { type: 'string' },
          email: { type: 'string' },
        },
        allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
        if: { properties: { contact: { const: 'phone' } }, required: ['contact'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ['phone'] },
        else: { required: ['email'] },
        additionalProperties: false,
      },
      run: async (_caller, args) => [text(JSON.stringify(args))],
    },
  ],
]);
