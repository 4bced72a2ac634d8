import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ZodError } from 'zod';
import { WikiError, type WikiErrorCode } from '../errors.js';

const STATUS: Readonly<Record<WikiErrorCode, number>> = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  invalid: 400,
};

/** The last middleware: one JSON shape for every failure, and no word of what went wrong inside. */
export const sendError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const { status, code, message } = describe(error);
  if (status === 401) response.set('WWW-Authenticate', 'Bearer realm="wiki"');
  response.status(status).json({ error: code, message });
};

export const notFound: RequestHandler = (_request, _response, next) => {
  next(new WikiError('not_found', 'There is nothing here'));
};

function describe(error: unknown): { status: number; code: string; message: string } {
  if (error instanceof WikiError)
    return { status: STATUS[error.code], code: error.code, message: error.message };
  if (error instanceof ZodError) {
    const fields = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { status: 400, code: 'invalid', message: fields.join('; ') };
  }
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, code: 'invalid', message: 'The request cannot be read' };
  }
  console.error('request failed:', error);
  return { status: 500, code: 'internal', message: 'The wiki cannot do this right now' };
}
