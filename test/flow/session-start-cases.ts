import { McpGuardError, type McpGuardErrorCode } from '../../lib/index.js';
import { buildServer } from '../support/mcp.js';
import type { trace } from '../support/traced.js';

const boom = (): never => {
  throw new Error('s3cret');
};
const policy = (): never => {
  throw new McpGuardError('forbidden');
};

type On = NonNullable<Parameters<typeof trace>[0]>;

interface Failure {
  readonly code: McpGuardErrorCode;
  readonly on?: On;
  readonly server?: () => unknown;
  readonly steps: readonly string[];
  /** The token of the principal that endSession got, once for each call. */
  readonly ended: readonly (string | undefined)[];
}

export const UNDONE = ['delete failed', 'end failed'];
export const LATE = ['create', 'start', 'update', 'server', ...UNDONE];
const issued = ['issued'];
const other = { subject: 'root', token: 'stolen' };
export const shared = buildServer({ subject: 'all' });
const unconnectable = () => Object.assign(buildServer({ subject: 'ann' }), { connect: async () => boom() });

export const failures: Readonly<Record<string, Failure>> = {
  'store.create throws': { code: 'unavailable', on: { create: boom }, steps: ['create'], ended: [] },
  'store.create rejects': {
    code: 'unavailable',
    on: { create: async () => boom() },
    steps: ['create'],
    ended: [],
  },
  'store.create finds no slot': {
    code: 'session_limit',
    on: { create: () => 'limit' },
    steps: ['create'],
    ended: [],
  },
  'startSession fails': {
    code: 'unavailable',
    on: { start: boom },
    steps: ['create', 'start', 'delete failed'],
    ended: [],
  },
  'startSession refuses by policy': {
    code: 'forbidden',
    on: { start: policy },
    steps: ['create', 'start', 'delete failed'],
    ended: [],
  },
  'startSession returns somebody else': {
    code: 'unavailable',
    on: { start: () => other },
    steps: ['create', 'start', 'end failed', 'delete failed'],
    ended: [undefined],
  },
  'startSession returns nobody': {
    code: 'unavailable',
    on: { start: () => ({}) },
    steps: ['create', 'start', 'end failed', 'delete failed'],
    ended: [undefined],
  },
  'startSession returns null': {
    code: 'unavailable',
    on: { start: () => null },
    steps: ['create', 'start', 'end failed', 'delete failed'],
    ended: [undefined],
  },
  'store.update fails': {
    code: 'unavailable',
    on: { update: boom },
    steps: ['create', 'start', 'update', ...UNDONE],
    ended: issued,
  },
  'store.update rejects': {
    code: 'unavailable',
    on: { update: async () => boom() },
    steps: ['create', 'start', 'update', ...UNDONE],
    ended: issued,
  },
  'createServer throws': { code: 'unavailable', server: boom, steps: LATE, ended: issued },
  'createServer rejects': { code: 'unavailable', server: async () => boom(), steps: LATE, ended: issued },
  'createServer refuses by policy': {
    code: 'forbidden',
    server: async () => policy(),
    steps: LATE,
    ended: issued,
  },
  'createServer returns nothing': {
    code: 'unavailable',
    server: () => undefined,
    steps: LATE,
    ended: issued,
  },
  'createServer returns nonsense': {
    code: 'unavailable',
    server: () => ({ connect: true, close: true }),
    steps: LATE,
    ended: issued,
  },
  'the server cannot be connected': {
    code: 'unavailable',
    server: unconnectable,
    steps: LATE,
    ended: issued,
  },
  'undoing fails at the store too': {
    code: 'unavailable',
    on: { delete: boom },
    server: boom,
    steps: LATE,
    ended: issued,
  },
  'undoing fails at endSession too': {
    code: 'unavailable',
    on: { end: boom },
    server: boom,
    steps: LATE,
    ended: issued,
  },
};
