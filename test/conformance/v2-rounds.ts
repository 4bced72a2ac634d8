import { randomBytes } from 'node:crypto';

import {
  acceptedContent,
  type CallToolResult,
  type ClientCapabilities,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';

import { createRequestStateCodec } from '../../lib/v2/index.js';

type Answer = CallToolResult | InputRequiredResult;
type Round = (context: ServerContext) => Answer | Promise<Answer>;

/** What a tool keeps between two rounds, sealed for the person who began. */
export const rounds = createRequestStateCodec<{ readonly step: number }>({ key: randomBytes(32) });

const said = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });
const answersOf = ({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> =>
  mcpReq.inputResponses ?? {};

const ask = (message: string, property: string): InputRequest =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: 'object',
      properties: { [property]: property === 'ok' ? { type: 'boolean' } : { type: 'string' } },
      required: [property],
    },
  });
const sample = (text: string): InputRequest =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens: 100,
  });

/** Asks until all is answered, and then says it. */
const asking =
  (inputRequests: Readonly<Record<string, InputRequest>>): Round =>
  (context) => {
    const answers = answersOf(context);
    const isComplete = Object.entries(inputRequests).every(([key, { method }]) =>
      method === 'elicitation/create' ? acceptedContent(answers, key) : answers[key],
    );
    return isComplete
      ? said(JSON.stringify(answers))
      : inputRequired({ inputRequests: { ...inputRequests } });
  };

/** The same, and its state has to come back. */
const remembering =
  (inputRequests: Readonly<Record<string, InputRequest>>): Round =>
  async (context) => {
    const state = context.mcpReq.requestState<{ readonly step: number }>();
    if (state && Object.keys(inputRequests).every((key) => key in answersOf(context)))
      return said('state-ok');
    return inputRequired({
      inputRequests: { ...inputRequests },
      requestState: await rounds.mint({ step: 1 }, context),
    });
  };

const NAME = ask('What is your name?', 'name');
const STEPS: readonly InputRequest[] = [
  ask('Step 1: What is your name?', 'name'),
  ask('Step 2: What is your favorite color?', 'color'),
];

/** Each round asks one thing; the state says which. */
const inSteps: Round = async (context) => {
  const { step } = context.mcpReq.requestState<{ readonly step: number }>() ?? { step: 0 };
  const request = STEPS[step];
  if (!request) return said('Thank you');
  return inputRequired({
    inputRequests: { [`step${step + 1}`]: request },
    requestState: await rounds.mint({ step: step + 1 }, context),
  });
};

/** Asks only for what this client can do. */
const asAble: Round = (context) => {
  const envelope = context.mcpReq.envelope as Readonly<Record<string, ClientCapabilities>> | undefined;
  const { elicitation, sampling } = envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
  const requests = {
    ...(elicitation && { user_name: NAME }),
    ...(sampling && { capital_question: sample('What is the capital of France?') }),
  };
  return Object.keys(requests).length === 0 ? said('Nothing to ask') : asking(requests)(context);
};

const TOOLS: Readonly<Record<string, Round>> = {
  test_input_required_result_elicitation: asking({ user_name: NAME }),
  test_input_required_result_sampling: asking({ capital_question: sample('What is the capital of France?') }),
  test_input_required_result_list_roots: asking({ client_roots: inputRequired.listRoots() }),
  test_input_required_result_request_state: remembering({ confirm: ask('Please confirm', 'ok') }),
  test_input_required_result_multiple_inputs: remembering({
    user_name: NAME,
    greeting: sample('Generate a greeting'),
    client_roots: inputRequired.listRoots(),
  }),
  test_input_required_result_multi_round: inSteps,
  test_input_required_result_tampered_state: remembering({ confirm: ask('Please confirm', 'ok') }),
  test_input_required_result_capabilities: asAble,
  test_missing_capability: asking({ capital_question: sample('What is the capital of France?') }),
  test_streaming_elicitation: asking({ user_name: NAME }),
};

/** Tools that need several rounds (2026-07-28), and a prompt that does. */
export function serveRounds(server: McpServer): void {
  for (const [name, round] of Object.entries(TOOLS)) {
    server.registerTool(name, { description: 'Asks before it answers' }, round);
  }
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, (context) => {
    const answer = acceptedContent(answersOf(context), 'user_context');
    const user_context = ask('What context should the prompt use?', 'context');
    if (!answer) return inputRequired({ inputRequests: { user_context } });
    const content = { type: 'text' as const, text: JSON.stringify(answer) };
    return { messages: [{ role: 'user' as const, content }] };
  });
}
