import { connect } from 'node:net';

import { expect } from 'chai';

import { mcpOriginGuard, type OriginGuardOptions } from '../../lib/index.js';
import { serve } from '../support/serve.js';
import { as, stand } from './support/stand.js';
import { sendRaw } from './support/wire.js';

describe('F4: Host and Origin are ours by name, not by resemblance', () => {
  /** `GET /mcp` with exactly these headers, on a chain that answers 204 to those it lets through. */
  async function matrix(
    options: OriginGuardOptions,
    rows: readonly (readonly [readonly string[], boolean])[],
  ) {
    await using served = await serve(mcpOriginGuard(options), (_request, response) => {
      response.status(204).end();
    });
    for (const [lines, isOurs] of rows) {
      const [reply] = await sendRaw(
        served.port,
        Buffer.from(['GET /mcp HTTP/1.1', ...lines, '', ''].join('\r\n')),
      );
      // Node turns away what is no header at all.
      const refused = reply?.status === 400 ? 400 : 403;
      expect(reply?.status, lines.join(' | ')).to.equal(isOurs ? 204 : refused);
    }
  }
  const hosts = (isOurs: boolean, ...values: readonly string[]) =>
    values.map((value) => [[`Host: ${value}`], isOurs] as const);
  const origins = (isOurs: boolean, ...values: readonly string[]) =>
    values.map((value) => [['Host: localhost', `Origin: ${value}`], isOurs] as const);

  it('takes loopback alone, unless told otherwise', async () => {
    await matrix({}, [
      ...hosts(true, 'localhost', 'LocalHost:3000', '127.0.0.1', '127.0.0.1:65535', '[::1]', '[::1]:1'),
      ...hosts(true, '[0:0:0:0:0:0:0:1]', '[0000::0001]:80'),
      ...hosts(
        false,
        'localhost.evil.com',
        'evil-localhost',
        'localhost.localhost',
        'evil.com',
        'evil.com:localhost',
      ),
      ...hosts(false, '127.0.0.1.nip.io', 'localtest.me', '127.1', '2130706433', '0x7f.0.0.1', '0177.0.0.1'),
      ...hosts(
        false,
        '127.0.0.2',
        '0.0.0.0',
        '[::]',
        '[::ffff:127.0.0.1]',
        '::1',
        '[::1',
        '[::1]evil.com',
        '[::1%lo]',
      ),
      ...hosts(
        false,
        'localhost.',
        'localhost.:80',
        '127.0.0.1.',
        'localhost:',
        'localhost:0',
        'localhost:99999',
      ),
      ...hosts(
        false,
        'localhost:80:80',
        'localhost:8o',
        'x@localhost',
        'localhost@evil.com',
        'localhost/evil',
      ),
      ...hosts(
        false,
        'localhost#',
        'localhost?',
        'localhost\\evil',
        'localhost%00',
        'localhost, evil.com',
        '',
        '*',
      ),
      ...hosts(false, 'ｌocalhost', 'locaⅼhost', 'loc\u00adalhost', 'localhost\u3002', 'http://localhost'),
      [['Host: localhost', 'Host: evil.com'], false],
      [['Host: localhost', 'Host: localhost'], false],
      ...origins(true, 'http://localhost', 'https://localhost:5173', 'HTTP://LOCALHOST', 'http://[::1]:3000'),
      ...origins(true, 'https://127.0.0.1:1'),
      ...origins(
        false,
        'null',
        '',
        'localhost',
        'http://',
        'http://localhost/',
        'http://localhost/x',
        'http://localhost.',
      ),
      ...origins(false, 'http://localhost.evil.com', 'http://127.0.0.1.nip.io', 'http://localhost@evil.com'),
      ...origins(
        false,
        'http://evil.com#localhost',
        'http://evil.com?localhost',
        'http://localhost:80@evil.com',
      ),
      ...origins(
        false,
        'ws://localhost',
        'file://localhost',
        'chrome-extension://localhost',
        'javascript:localhost',
      ),
      ...origins(
        false,
        'http://localhost http://localhost',
        'http://localhost, http://evil.com',
        'http:localhost',
      ),
      [['Host: localhost', 'Origin: http://localhost', 'Origin: https://evil.com'], false],
      [['Host: localhost', 'Origin: http://localhost', 'ORIGIN: http://localhost'], false],
    ]);
  });

  it('takes what it was told, port and all', async () => {
    const allowedHosts = ['mcp.example.com:8443', 'bücher.example', '[2001:db8::1]'];
    await matrix(
      { allowedHosts, allowedOrigins: ['https://app.example.com', 'http://x.example:8080', 'null'] },
      [
        ...hosts(
          true,
          'mcp.example.com:8443',
          'MCP.example.com:8443',
          'xn--bcher-kva.example',
          '[2001:DB8:0:0::1]:9',
        ),
        ...hosts(
          false,
          'mcp.example.com',
          'mcp.example.com:443',
          'mcp.example.com.:8443',
          'x.mcp.example.com:8443',
        ),
        ...hosts(false, 'localhost', '127.0.0.1', 'bucher.example', 'bücher.example', '[2001:db8::2]'),
        ...['https://app.example.com', 'https://APP.example.com:443', 'http://x.example:8080', 'null'].map(
          (origin) => [['Host: mcp.example.com:8443', `Origin: ${origin}`], true] as const,
        ),
        ...[
          'http://app.example.com',
          'https://app.example.com:8443',
          'https://app.example.com.',
          'https://a.app.example.com',
        ].map((origin) => [['Host: mcp.example.com:8443', `Origin: ${origin}`], false] as const),
        ...['http://x.example', 'https://mcp.example.com:8443', 'NULL', 'http://localhost'].map(
          (origin) => [['Host: mcp.example.com:8443', `Origin: ${origin}`], false] as const,
        ),
      ],
    );
  });

  it('wants a Host from those too whose protocol has none', async () => {
    await using target = await stand({ first: [mcpOriginGuard()] });
    const socket = connect(target.port, '127.0.0.1');
    socket.end(['GET /mcp HTTP/1.0', `Authorization: ${as('ada').authorization}`, '', ''].join('\r\n'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).to.match(/^HTTP\/1\.1 403 /);
    expect(target.verified).to.deep.equal([]);
  });
});
