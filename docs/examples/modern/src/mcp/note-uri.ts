/** Names its owner, so that whoever may hear of a change can be told by the URI alone. */
export const NOTE_TEMPLATE = 'note://{owner}/{id}';

export const noteUri = (owner: string, id: string): string => `note://${owner}/${id}`;

/** `undefined` for the URI of something else. */
export function ownerOf(uri: string): string | undefined {
  return /^note:\/\/([^/]+)\/[^/]+$/.exec(uri)?.[1];
}
