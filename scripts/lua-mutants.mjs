// Every small way to change a text of Lua: a bound by one, a condition turned round or decided, a calculation the other way
// round, a call or an assignment left out. Words in quotes and comments are left alone.

const TOKEN =
  /--[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|[A-Za-z_][\w.]*|\d+(?:\.\d+)?|==|~=|<=|>=|\.\.\.?|[^\s]/g;

const IN_PLACE_OF = {
  '==': ['~='],
  '~=': ['=='],
  '>=': ['>', '<'],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '<': ['<=', '>='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  and: ['or'],
  or: ['and'],
  not: [''],
  true: ['false'],
  false: ['true'],
  'math.min': ['math.max'],
  'math.max': ['math.min'],
  'math.floor': ['math.ceil'],
  'math.ceil': ['math.floor'],
};

const isNumber = (token) => /^\d/.test(token);
const OPERAND = /^[\w)\]}'"]/;
const WORDS_BEFORE_OPERAND = /^(and|or|not|return|then|do|if|elseif|else|in)$/;

/** Changes of one token: what stands at `at` becomes `replacement`. */
function* ofTokens(text) {
  let before = '';
  for (const { 0: token, index: at } of text.matchAll(TOKEN)) {
    if (token.startsWith('--')) continue;
    const isSign = token === '-' && (!OPERAND.test(before) || WORDS_BEFORE_OPERAND.test(before));
    const others = isNumber(token)
      ? [String(Number(token) < 10 ? Number(token) + 1 : Number(token) * 10)]
      : isSign
        ? ['']
        : (Object.hasOwn(IN_PLACE_OF, token) && IN_PLACE_OF[token]) || [];
    for (const replacement of others) yield { at, original: token, replacement };
    before = token;
  }
}

/** `if` and `elseif` decided, whatever they ask. */
function* ofConditions(text) {
  for (const match of text.matchAll(/\b((?:else)?if )((?:(?!\bthen\b)[^\n])+)( then\b)/g)) {
    const at = match.index + match[1].length;
    for (const replacement of ['true', 'false']) yield { at, original: match[2], replacement };
  }
}

const CALL = /^(?:redis\.p?call|table\.insert|[a-z]\w*)\(.*\)$/i;
const ASSIGNMENT = /^\w[\w.[\]# +]* = .*[^({,]$/;
const STARTS_OTHERWISE = /^(?:local|for|function)\b/;

/** A line that does something, left out. */
function* ofStatements(text) {
  let at = 0;
  for (const line of text.split('\n')) {
    const statement = line.trim();
    const isDone = CALL.test(statement) || ASSIGNMENT.test(statement);
    if (isDone && !STARTS_OTHERWISE.test(statement))
      yield { at: at + line.indexOf(statement), original: statement, replacement: '' };
    at += line.length + 1;
  }
}

/** The mutants of `text`: each with the line it is in, and the whole `text` as it would be. */
export function* luaMutants(text) {
  for (const make of [ofTokens, ofConditions, ofStatements]) {
    for (const { at, original, replacement } of make(text)) {
      const [begin, end] = [text.lastIndexOf('\n', at - 1) + 1, text.indexOf('\n', at)];
      const line = text.slice(begin, end).trim();
      const column = at - begin - (text.slice(begin, end).length - text.slice(begin, end).trimStart().length);
      const changed = text.slice(0, at) + replacement + text.slice(at + original.length);
      yield { line, column, original, replacement, text: changed };
    }
  }
}
