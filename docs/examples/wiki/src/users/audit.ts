import { createHash } from 'node:crypto';
import type { SessionEndReason } from 'express-mcp-guards';
import type { Database } from '../db/database.js';

export type LoginMethod = 'basic' | 'bearer';

/** Who was connected over MCP, from when to when, and why it ended. */
export interface SessionAudit {
  started(sessionId: string, userId: string, method: LoginMethod): Promise<void>;
  ended(sessionId: string, reason: SessionEndReason): Promise<void>;
}

export function sessionAudit(database: Database): SessionAudit {
  return {
    async started(sessionId, userId, method) {
      await database.query('insert into mcp_sessions (session_hash, user_id, method) values ($1, $2, $3)', [
        hashOf(sessionId),
        userId,
        method,
      ]);
    },
    async ended(sessionId, reason) {
      await database.query(
        `update mcp_sessions set ended_at = now(), end_reason = $2
         where session_hash = $1 and ended_at is null`,
        [hashOf(sessionId), reason],
      );
    },
  };
}

function hashOf(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('base64url');
}
