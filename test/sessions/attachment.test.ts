import { expect } from 'chai';

import { RequestState } from '../../lib/request-state.js';
import { attach, attachmentOf, type SessionAttachment } from '../../lib/sessions/attachment.js';

describe('what a session binding hands to the handler', () => {
  it('is found by the handler, and absent where no binding is mounted', () => {
    const state = new RequestState();
    expect(attachmentOf(state)).to.equal(undefined);
    const attachment = {} as SessionAttachment;
    attach(state, attachment);
    expect(attachmentOf(state)).to.equal(attachment);
    expect(attachmentOf(new RequestState())).to.equal(undefined);
  });
});
