import { EventEmitter } from 'node:events';

import { expect } from 'chai';
import type { Response } from 'express';

import type { GuardNews } from '../../lib/events.js';
import type { ServeBase } from '../../lib/handler/serve-context.js';
import { holdSlot } from '../../lib/v2/subscription.js';
import { ada, exchangeOf, watched } from '../sessions/support.js';
import { settle } from '../support/settle.js';

/** A response whose connection `leave` closes. */
function responseOf() {
  const socket = Object.assign(new EventEmitter(), { destroyed: false });
  const response = Object.assign(new EventEmitter(), { destroyed: false, req: { socket } });
  return {
    response: response as unknown as Response,
    leave() {
      response.destroyed = true;
      response.emit('close');
    },
  };
}

async function scene({ isGone = false, isClosing = false } = {}) {
  const { registry, news } = watched();
  const said: GuardNews[] = [];
  const context = {
    publish: (piece: GuardNews) => said.push(piece),
    endings: new Set(),
    closed: new AbortController().signal,
  } as unknown as ServeBase;
  const exchange = exchangeOf(ada);
  const { response, leave } = responseOf();
  if (isGone) leave();
  const attachment = { registry, exchange, session: undefined };
  const subscription = await holdSlot(attachment, context, response, () => isClosing);
  const ended = (): unknown[] =>
    news.flatMap((piece) => (piece.type === 'session.ended' ? [piece.reason] : []));
  return { registry, exchange, subscription, said, ended, leave };
}

describe('holdSlot', () => {
  it('holds a slot that counts as a session in use, until its response closes', async () => {
    const { registry, subscription, said, ended, leave } = await scene();
    const [record] = await registry.list({});
    const session = await registry.find(String(record?.id));
    expect(session).to.include({ isStarting: false, isBusy: true });
    expect(said).to.deep.equal([]);
    subscription.begin();
    expect(said).to.deep.equal([
      { type: 'session.started', principal: session?.owner, session: session?.id },
    ]);
    expect(ended()).to.deep.equal([]);
    leave();
    await settle();
    expect(ended()).to.deep.equal(['deleted']);
    expect(await registry.list({})).to.deep.equal([]);
    await registry.close();
  });

  it('says what it ended of: of its exchange, or of a shutdown', async () => {
    const refused = await scene();
    refused.exchange.end('session_not_found');
    refused.leave();
    await settle();
    expect(refused.ended()).to.deep.equal(['revoked']);
    const closing = await scene({ isClosing: true });
    closing.leave();
    await settle();
    expect(closing.ended()).to.deep.equal(['shutdown']);
    await Promise.all([refused, closing].map(({ registry }) => registry.close()));
  });

  it('frees the slot where there will be no stream, and ends nothing else', async () => {
    const { registry, exchange, subscription, ended } = await scene();
    await subscription.fail();
    expect(ended()).to.deep.equal(['failed']);
    expect(exchange.endedWith).to.equal(undefined);
    expect(await registry.list({})).to.deep.equal([]);
    await registry.close();
  });

  it('frees the slot at once where its client has gone while it was taken', async () => {
    const { registry, ended } = await scene({ isGone: true });
    await settle();
    expect(ended()).to.deep.equal(['deleted']);
    await registry.close();
  });
});
