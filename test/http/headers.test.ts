import { expect } from 'chai';
import fc from 'fast-check';
import { headerValues, withoutHeader } from '../../lib/http/headers.js';

const raw = ['Host', 'a', 'AUTHORIZATION', 'one', 'X-Authorization', 'other', 'authorization', 'two'];

describe('headerValues', () => {
  it('finds every value in order, whatever the case of the name', () => {
    expect(headerValues(raw, 'authorization')).to.deep.equal(['one', 'two']);
  });

  it('finds nothing where there is nothing', () => {
    expect(headerValues(raw, 'cookie')).to.deep.equal([]);
    expect(headerValues([], 'cookie')).to.deep.equal([]);
  });

  it('does not take a value for a name', () => {
    expect(headerValues(['x-note', 'authorization', 'host', 'a'], 'authorization')).to.deep.equal([]);
  });

  it('does not take another name of that length for it', () => {
    expect(headerValues(['hosu', 'a', 'HOST', 'b', 'mode', 'c'], 'host')).to.deep.equal(['b']);
  });

  it('takes a name without a value as empty', () => {
    expect(headerValues(['Host'], 'host')).to.deep.equal(['']);
  });
});

describe('withoutHeader', () => {
  it('drops every occurrence and nothing else', () => {
    expect(withoutHeader(raw, 'authorization')).to.deep.equal(['Host', 'a', 'X-Authorization', 'other']);
  });

  it('leaves its input alone', () => {
    const input = Object.freeze([...raw]);
    withoutHeader(input, 'authorization').push('x');
    expect(input).to.deep.equal(raw);
  });

  it('leaves no value behind, and all others', () => {
    const pairs = fc.array(fc.tuple(fc.constantFrom('Host', 'HOST', 'x-a', 'cookie'), fc.string()));
    fc.assert(
      fc.property(pairs, (list) => {
        const rest = withoutHeader(list.flat(), 'host');
        expect(headerValues(rest, 'host')).to.deep.equal([]);
        expect(headerValues(rest, 'x-a')).to.deep.equal(headerValues(list.flat(), 'x-a'));
        expect(rest).to.have.length(list.filter(([name]) => name.toLowerCase() !== 'host').length * 2);
      }),
    );
  });
});
