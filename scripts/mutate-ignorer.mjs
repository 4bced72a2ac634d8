// What Stryker leaves alone: words for people. Tests that repeated them would only have to be changed with them.
// Templates stay: they put the name of an option or its owner into the words, and that is what a test looks for.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const isWords = ({ type }) => type === 'StringLiteral';

/** `new TypeError('…')`, and `must: '…'` of an option's rule, which goes into such a text. */
function shouldIgnore({ node, parent, key, listKey }) {
  if (!isWords(node)) return undefined;
  const isError =
    parent?.type === 'NewExpression' && listKey === 'arguments' && /Error$/.test(parent.callee.name);
  if (isError && parent.callee.name !== 'McpGuardError') return 'the words of an error';
  const isRule = parent?.type === 'ObjectProperty' && key === 'value' && parent.key.name === 'must';
  return isRule ? 'the words of an option' : undefined;
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'words', { shouldIgnore })];
