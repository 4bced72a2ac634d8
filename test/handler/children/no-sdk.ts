import { register } from 'node:module';

// As it is where the peer dependency has not been installed.
register(
  `data:text/javascript,${encodeURIComponent(`
    export function resolve(specifier, context, next) {
      if (!specifier.startsWith('@modelcontextprotocol/sdk')) return next(specifier, context);
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    }
  `)}`,
);
const warnings: unknown[] = [];
process.emitWarning = ((text: string, { code }: { code?: string } = {}) => {
  warnings.push([code, text]);
}) as typeof process.emitWarning;

const { mcpHandler, mcpServiceAccount, mcpSessionBinding } = await import('../../../lib/index.js');
const { serve } = await import('../../support/serve.js');
const { call, initialize } = await import('../../support/call.js');

await using served = await serve(
  mcpServiceAccount({ principal: { subject: 'ann' } }),
  mcpSessionBinding(),
  mcpHandler({ createServer: () => ({ async connect() {}, async close() {} }) as never }),
);
const { status, code, text } = await call(served.url, { body: initialize() });
process.stdout.write(JSON.stringify({ warnings, status, code, isTold: text.includes('Cannot find') }));
