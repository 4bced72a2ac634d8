import { PNG } from './media.js';
import type { Content } from './tools.js';

interface Prompt {
  readonly description: string;
  readonly arguments: readonly { name: string; description: string; required: boolean }[];
  messages(args: Readonly<Record<string, string>>): readonly Content[];
}

const required = (name: string, description: string) => ({ name, description, required: true });
const text = (value: string): Content => ({ type: 'text', text: value });

/** The prompts that the suite gets, by their names. */
export const prompts: ReadonlyMap<string, Prompt> = new Map<string, Prompt>([
  [
    'test_simple_prompt',
    {
      description: 'Without arguments',
      arguments: [],
      messages: () => [text('This is a simple prompt for testing.')],
    },
  ],
  [
    'test_prompt_with_arguments',
    {
      description: 'With two arguments',
      arguments: [required('arg1', 'The first'), required('arg2', 'The second')],
      messages: ({ arg1, arg2 }) => [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
    },
  ],
  [
    'test_prompt_with_embedded_resource',
    {
      description: 'With a resource',
      arguments: [required('resourceUri', 'The URI of the resource')],
      messages: ({ resourceUri = '' }) => [
        {
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        },
        text('Please process the embedded resource above.'),
      ],
    },
  ],
  [
    'test_prompt_with_image',
    {
      description: 'With an image',
      arguments: [],
      messages: () => [
        { type: 'image', data: PNG, mimeType: 'image/png' },
        text('Please analyze the image above.'),
      ],
    },
  ],
]);
