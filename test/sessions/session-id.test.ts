import { expect } from 'chai';
import type { Request } from 'express';

import { LiveSession } from '../../lib/sessions/live-session.js';
import { bindingRefusal, forgetSessionId } from '../../lib/sessions/session-id.js';
import { ada, eve } from './support.js';

const OURS = 'A0_-'.repeat(10).concat('abc');

const requestWith = (...rawHeaders: string[]): Request =>
  ({
    rawHeaders,
    headers: Object.fromEntries(
      rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1]]] : [])),
    ),
  }) as unknown as Request;

describe('forgetSessionId', () => {
  it('leaves no trace of it, and everything else', () => {
    const request = requestWith('Host', 'x', 'mcp-session-ID', OURS, 'Accept', 'y');
    forgetSessionId(request);
    expect(request.headers).to.deep.equal({ host: 'x', accept: 'y' });
    expect(request.rawHeaders).to.deep.equal(['Host', 'x', 'Accept', 'y']);
  });
});

describe('bindingRefusal', () => {
  const session = new LiveSession('id', { ...ada, scopes: ['read'] }, 0, 1);

  it('is none for its owner', () => {
    expect(bindingRefusal(true, session, { ...ada, scopes: ['read', 'write'] })).to.equal(undefined);
  });

  it('tells the true reason', () => {
    expect(bindingRefusal(false, undefined, ada)).to.equal('malformed_session_id');
    expect(bindingRefusal(true, undefined, ada)).to.equal('unknown_session');
    expect(bindingRefusal(true, session, { ...eve, scopes: ['read'] })).to.equal('foreign_session');
    expect(bindingRefusal(true, session, { ...ada, tenant: 't', scopes: ['read'] })).to.equal(
      'foreign_session',
    );
    expect(bindingRefusal(true, session, ada)).to.equal('reduced_scopes');
  });
});
