import { expect } from 'chai';

import {
  headerSessionId,
  namedSessionId,
  querySessionId,
  type SessionNaming,
} from '../../lib/http/session-id.js';

const OURS = 'A0_-'.repeat(10).concat('abc');
const OTHER = 'B0_-'.repeat(10).concat('abc');

const requestWith = (...rawHeaders: string[]): SessionNaming => ({
  method: 'POST',
  originalUrl: '/mcp',
  rawHeaders,
});

const requestTo = (originalUrl: string, method = 'POST', ...rawHeaders: string[]): SessionNaming => ({
  method,
  originalUrl,
  rawHeaders,
});

describe('headerSessionId', () => {
  it('is none where none was sent', () => {
    expect(headerSessionId(requestWith('Host', 'x'))).to.deep.equal({ kind: 'none' });
  });

  it('reads it in any spelling of the header', () => {
    for (const name of ['Mcp-Session-Id', 'mcp-session-id', 'MCP-SESSION-ID']) {
      expect(headerSessionId(requestWith('Host', 'x', name, OURS))).to.deep.equal({
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
      expect(headerSessionId(requestWith('Mcp-Session-Id', id))).to.deep.equal({
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
      expect(headerSessionId(requestWith('Mcp-Session-Id', id))).to.deep.equal({ kind: 'invalid' });
    });
  }

  it('C2 takes two for no id at all, also the same twice', () => {
    expect(headerSessionId(requestWith('Mcp-Session-Id', OURS, 'mcp-session-id', OURS))).to.deep.equal({
      kind: 'invalid',
    });
  });
});

describe('querySessionId', () => {
  it('is none where none was sent, and on anything but a POST', () => {
    for (const request of [
      requestTo('/messages'),
      requestTo('/messages?session=x'),
      requestTo(`/messages?sessionId=${OURS}`, 'GET'),
      requestTo(`/messages?sessionId=${OURS}`, 'DELETE'),
    ]) {
      expect(querySessionId(request)).to.deep.equal({ kind: 'none' });
    }
  });

  it('reads it, decoded', () => {
    for (const query of [`sessionId=${OURS}`, `a=1&sessionId=${OURS.replace('_', '%5F')}`]) {
      expect(querySessionId(requestTo(`/messages?${query}`))).to.deep.equal({
        kind: 'sent',
        id: OURS,
        isOurs: true,
      });
    }
  });

  it('W8 takes a strange one for none of ours, C2 and two for no id at all', () => {
    expect(querySessionId(requestTo('/messages?sessionId=constructor'))).to.include({ isOurs: false });
    for (const query of [
      `sessionId=${OURS}&sessionId=${OURS}`,
      'sessionId=',
      'sessionId=a%20b',
      'sessionId=%00',
    ]) {
      expect(querySessionId(requestTo(`/messages?${query}`)), query).to.deep.equal({ kind: 'invalid' });
    }
  });
});

describe('namedSessionId', () => {
  const cases: readonly [string, SessionNaming, string | undefined][] = [
    ['nothing', requestTo('/mcp'), undefined],
    ['a header', requestTo('/mcp', 'GET', 'Mcp-Session-Id', OURS), OURS],
    ['a query', requestTo(`/messages?sessionId=${OURS}`), OURS],
    ['both: the header', requestTo(`/messages?sessionId=${OTHER}`, 'POST', 'Mcp-Session-Id', OURS), OURS],
    [
      'a strange header, whatever the query',
      requestTo(`/messages?sessionId=${OURS}`, 'POST', 'Mcp-Session-Id', 'x'),
      undefined,
    ],
  ];
  for (const [what, request, id] of cases) {
    it(what, () => {
      expect(namedSessionId(request)).to.equal(id);
    });
  }
});
