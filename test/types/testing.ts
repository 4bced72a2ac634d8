// What a test suite of a user's own takes from ./testing.
import { createServer } from 'node:http';
import express from 'express';
import {
  type AssertGuardedOptions,
  type AuditReport,
  assertGuarded,
  type Finding,
  type Guarded,
  NotGuardedError,
} from 'express-mcp-guards/testing';

const options: AssertGuardedOptions = {
  path: '/mcp',
  credentials: { username: 'ada', password: 'engine' },
  otherCredentials: { token: 'x' },
  headers: { Host: 'wiki.example.com' },
  legacySsePath: '/sse',
  guesses: 8,
  tokenInQuery: false,
  only: ['origin'],
  skip: [],
  failOn: 'medium',
  timeoutMs: 1000,
};
const ways: readonly Guarded[] = [
  express(),
  createServer(),
  new URL('http://127.0.0.1:3000'),
  'http://localhost:3000/mcp',
];
const reports: readonly AuditReport[] = await Promise.all(ways.map((way) => assertGuarded(way, options)));
const findings: readonly Finding[] = reports.flatMap((report) => report.findings);
await assertGuarded(express(), { credentials: { headers: { 'X-Api-Key': 'x' } } });
// @ts-expect-error a user name without a password is no credential
await assertGuarded(express(), { credentials: { username: 'ada' } });
// @ts-expect-error advice fails nothing
await assertGuarded(express(), { failOn: 'advice' });
try {
  await assertGuarded(express());
} catch (error) {
  if (error instanceof NotGuardedError) console.log(error.report.findings.length, findings.length);
}
