import { InMemoryServerEventBus, type ServerEvent } from '@modelcontextprotocol/server';
import { expect } from 'chai';

import { runAs } from '../../lib/sessions/principal-context.js';
import { personalBus } from '../../lib/v2/personal-bus.js';
import { ada, eve } from '../sessions/support.js';

const CHANGED: ServerEvent = { kind: 'tools_list_changed' };
const UPDATED: ServerEvent = { kind: 'resource_updated', uri: 'a:b' };

describe('personalBus', () => {
  it('is the bus itself where everybody may hear everything', () => {
    const given = new InMemoryServerEventBus();
    expect(personalBus(given).bus).to.equal(given);
  });

  it('tells each what they may hear, whichever way it was published', () => {
    const given = new InMemoryServerEventBus();
    const { bus, notify } = personalBus(given, ({ subject }, { kind }) => {
      if (subject === 'eve') throw new Error('who is that?');
      return kind === 'resource_updated';
    });
    const heard: [string, ServerEvent][] = [];
    const stop = runAs(ada, () => bus.subscribe((event) => heard.push(['ada', event])));
    runAs(eve, () => bus.subscribe((event) => heard.push(['eve', event])));
    bus.subscribe((event) => heard.push(['nobody', event]));
    bus.publish(UPDATED);
    given.publish(UPDATED);
    notify.resourceUpdated('a:b');
    notify.toolsChanged();
    bus.publish(CHANGED);
    expect(heard).to.deep.equal(Array(3).fill(['ada', UPDATED]));
    stop();
    bus.publish(UPDATED);
    expect(heard).to.have.length(3);
  });

  it('takes nothing but true for a yes', () => {
    const { bus } = personalBus(undefined, () => 'yes' as never);
    const heard: ServerEvent[] = [];
    runAs(ada, () => bus.subscribe((event) => heard.push(event)));
    bus.publish(UPDATED);
    expect(heard).to.deep.equal([]);
  });

  it('publishes each kind of change', () => {
    const { bus, notify } = personalBus();
    const heard: ServerEvent[] = [];
    bus.subscribe((event) => heard.push(event));
    notify.toolsChanged();
    notify.promptsChanged();
    notify.resourcesChanged();
    notify.resourceUpdated('a:b');
    expect(heard).to.deep.equal([
      CHANGED,
      { kind: 'prompts_list_changed' },
      { kind: 'resources_list_changed' },
      UPDATED,
    ]);
  });
});
