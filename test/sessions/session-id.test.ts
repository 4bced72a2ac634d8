import { expect } from 'chai';
import type { Request } from 'express';

import { LiveSession } from '../../lib/sessions/live-session.js';
import { bindingRefusal, forgetSessionId, sentSessionId } from '../../lib/sessions/session-id.js';
import { ada, eve } from './support.js';

const OURS = 'A0_-'.repeat(10).concat('abc');

const requestWith = (...rawHeaders: string[]): Request =>
  ({
    rawHeaders,
    headers: Object.fromEntries(
      rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1]]] : [])),
    ),
  }) as unknown as Request;

describe('sentSessionId', () => {
  it('is none where none was sent', () => {
    expect(sentSessionId(requestWith('Host', 'x'))).to.deep.equal({ kind: 'none' });
  });

  it('reads it in any spelling of the header', () => {
    for (const name of ['Mcp-Session-Id', 'mcp-session-id', 'MCP-SESSION-ID']) {
      expect(sentSessionId(requestWith('Host', 'x', name, OURS))).to.deep.equal({
        kind: 'sent',
        id: OURS,
        isOurs: true,
      });
    }
  });

  const strange = [
    'x',
    'constructor',
    '__proto__',
    OURS.slice(1),
    `${OURS}a`,
    `${OURS.slice(1)}=`,
    `${OURS.slice(1)}+`,
    '!~'.repeat(30),
  ];
  for (const id of strange) {
    it(`A3 takes ${id.slice(0, 20)} (${id.length}) for an id, but none of ours`, () => {
      expect(sentSessionId(requestWith('Mcp-Session-Id', id))).to.deep.equal({
        kind: 'sent',
        id,
        isOurs: false,
      });
    });
  }

  for (const id of [
    '',
    ' ',
    `${OURS} `,
    'a b',
    'a\tb',
    'caf\u00e9',
    '\u007f',
    'a\u0000',
    `${OURS},${OURS} `,
  ]) {
    it(`takes ${JSON.stringify(id.slice(0, 12))} for no id at all`, () => {
      expect(sentSessionId(requestWith('Mcp-Session-Id', id))).to.deep.equal({ kind: 'invalid' });
    });
  }

  it('C2 takes two for no id at all, also the same twice', () => {
    expect(sentSessionId(requestWith('Mcp-Session-Id', OURS, 'mcp-session-id', OURS))).to.deep.equal({
      kind: 'invalid',
    });
  });
});

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
