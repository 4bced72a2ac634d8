import {
  InMemoryServerEventBus,
  type ServerEvent,
  type ServerEventBus,
  type ServerNotifier,
} from '@modelcontextprotocol/server';

import { currentPrincipal } from '../sessions/principal-context.js';
import type { Principal } from '../types.js';

type MayHear = (principal: Principal, event: ServerEvent) => boolean;

/** The bus as a stream subscribes to it: it tells nobody of what they may not hear. And the way to publish on it. */
export function personalBus(
  bus: ServerEventBus = new InMemoryServerEventBus(),
  mayHear?: MayHear,
): { readonly bus: ServerEventBus; readonly notify: ServerNotifier } {
  const notify: ServerNotifier = {
    toolsChanged: () => bus.publish({ kind: 'tools_list_changed' }),
    promptsChanged: () => bus.publish({ kind: 'prompts_list_changed' }),
    resourcesChanged: () => bus.publish({ kind: 'resources_list_changed' }),
    resourceUpdated: (uri) => bus.publish({ kind: 'resource_updated', uri }),
  };
  if (!mayHear) return { bus, notify };
  return {
    notify,
    bus: {
      publish: (event) => bus.publish(event),
      subscribe(listener) {
        // The SDK subscribes a stream while it serves the request that opens it.
        const principal = currentPrincipal();
        return bus.subscribe((event) => {
          if (principal && isTold(mayHear, principal, event)) listener(event);
        });
      },
    },
  };
}

function isTold(mayHear: MayHear, principal: Principal, event: ServerEvent): boolean {
  try {
    return mayHear(principal, event) === true;
  } catch {
    return false;
  }
}
