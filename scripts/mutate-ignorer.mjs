// What Stryker leaves alone: words for people. Tests that repeated them would only have to be changed with them.
// Templates stay: they put the name of an option or its owner into the words, and that is what a test looks for.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** `const [first = ''] = text.split(…)`: there is a first part always, only the compiler does not know. */
const isForTheCompiler = ({ parent, parentPath, key }) => {
  const pattern = parentPath?.parentPath;
  return (
    parent?.type === 'AssignmentPattern' &&
    key === 'right' &&
    pattern?.node.type === 'ArrayPattern' &&
    pattern.node.elements[0] === parent &&
    pattern.parent.type === 'VariableDeclarator' &&
    pattern.parent.init?.callee?.property?.name === 'split'
  );
};

const isWords = ({ type }) => type === 'StringLiteral';

/** `new TypeError('…')`, and `must: '…'` of an option's rule, which goes into such a text. */
function shouldIgnore(path) {
  const { node, parent, key, listKey } = path;
  if (!isWords(node)) return undefined;
  if (isForTheCompiler(path)) return 'a default that is never needed';
  const isError =
    parent?.type === 'NewExpression' && listKey === 'arguments' && /Error$/.test(parent.callee.name);
  if (isError && parent.callee.name !== 'McpGuardError') return 'the words of an error';
  const isRule = parent?.type === 'ObjectProperty' && key === 'value' && parent.key.name === 'must';
  return isRule ? 'the words of an option' : undefined;
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'words', { shouldIgnore })];
