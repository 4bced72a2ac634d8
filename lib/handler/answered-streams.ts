import type { SdkTransport } from './sdk.js';

/** What the SDK keeps of requests: private, so that nothing here may rely on it. */
interface Kept {
  readonly _requestToStreamMapping?: ReadonlyMap<string | number, string>;
  readonly _streamMapping?: ReadonlyMap<string | undefined, { readonly cleanup?: () => void }>;
}

/**
 * For a call that is about to be answered: what frees what the SDK keeps of its request, to be called when the answer is
 * sent. Version 1 keeps a request that it answers with JSON until the session ends, 5 KB a call
 * (https://github.com/modelcontextprotocol/typescript-sdk/issues/2559). A batch is freed with its last answer.
 */
export function answeredStream(transport: SdkTransport, id: string | number): () => void {
  const { _requestToStreamMapping: streams, _streamMapping: kept } = transport as Kept;
  const stream = streams?.get(id);
  return () => {
    if (streams?.get(id) !== stream) kept?.get(stream)?.cleanup?.();
  };
}
