// Wrong passwords at a rate, forked: `node flood.js PORT PER_SECOND MILLISECONDS BLOCK PEOPLE`. Says over IPC that it is
// connected, waits for any message, floods, and says how often each status came.
import { once } from 'node:events';

import { credentials, initialize } from './messages.js';
import { addressesOf, countByStatus, storm } from './storm.js';

/** Addresses that guess at one time, and how many of them are new every second: the others are locked out soon. */
const ADDRESSES = 16;
const NEW_PER_SECOND = 4;
const [port = 0, perSecond = 0, milliseconds = 0, block = 0, people = 1] = process.argv.slice(2).map(Number);
const addresses = addressesOf(block, ADDRESSES + NEW_PER_SECOND * Math.ceil(milliseconds / 1000));

const outcomes = await storm(
  {
    port,
    perSecond,
    milliseconds,
    addresses,
    // Every other guess is at the account of somebody who is honest.
    request: (index) =>
      initialize(
        credentials(
          'basic',
          index % 2 === 0 ? `user-${index % people}` : `nobody-${block}-${index}`,
          `guess ${block} ${index}`,
        ),
      ),
    sender: (index) => Math.floor((NEW_PER_SECOND * index) / perSecond) + (index % ADDRESSES),
  },
  async () => {
    process.send?.({ isConnected: true });
    await once(process, 'message');
  },
);
process.send?.({ counts: countByStatus(outcomes) });
process.disconnect();
