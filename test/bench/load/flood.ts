// Wrong passwords at a rate, forked: `node flood.js PORT PER_SECOND MILLISECONDS BLOCK PEOPLE`. Says over IPC that it is
// connected, waits for any message, floods, and says how often each status came.
import { once } from 'node:events';

import { credentials, initialize } from './messages.js';
import { addressesOf, countByStatus, storm } from './storm.js';

const ADDRESSES = 16;
const [port = 0, perSecond = 0, milliseconds = 0, block = 0, people = 1] = process.argv.slice(2).map(Number);

const outcomes = await storm(
  {
    port,
    perSecond,
    milliseconds,
    addresses: addressesOf(block, ADDRESSES),
    // Every other guess is at the account of somebody who is honest.
    request: (index) =>
      initialize(
        credentials(
          'basic',
          index % 2 === 0 ? `user-${index % people}` : `nobody-${block}-${index}`,
          `guess ${block} ${index}`,
        ),
      ),
  },
  async () => {
    process.send?.({ isConnected: true });
    await once(process, 'message');
  },
);
process.send?.({ counts: countByStatus(outcomes) });
process.disconnect();
