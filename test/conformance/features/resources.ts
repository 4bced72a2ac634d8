import { PNG } from './media.js';

export type Contents = { uri: string; mimeType: string } & ({ text: string } | { blob: string });

interface Listed {
  readonly name: string;
  readonly description: string;
  readonly contents: Contents;
}

const listed = (name: string, description: string, contents: Contents): [string, Listed] => [
  contents.uri,
  { name, description, contents },
];

/** The resources that the suite reads, by URI. */
export const resources: ReadonlyMap<string, Listed> = new Map([
  listed('static-text', 'A text', {
    uri: 'test://static-text',
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  }),
  listed('static-binary', 'An image', { uri: 'test://static-binary', mimeType: 'image/png', blob: PNG }),
  listed('watched', 'A text to subscribe to', {
    uri: 'test://watched-resource',
    mimeType: 'text/plain',
    text: 'This is watched.',
  }),
]);

export const TEMPLATE = {
  uriTemplate: 'test://template/{id}/data',
  name: 'template',
  description: 'A resource for every id',
  mimeType: 'application/json',
} as const;

export function templated(uri: string, id: string): Contents {
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { uri, mimeType: 'application/json', text: JSON.stringify(data) };
}

export function readTemplated(uri: string): Contents | undefined {
  const [, id] = /^test:\/\/template\/([^/]+)\/data$/.exec(uri) ?? [];
  return id === undefined ? undefined : templated(uri, id);
}
