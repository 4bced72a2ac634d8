import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../src/db/database.js';

export interface AuditRow {
  readonly email: string;
  readonly method: string;
  readonly ended: boolean;
  readonly reason: string | null;
}

export function auditRows(database: Database): Promise<readonly AuditRow[]> {
  return database.query<AuditRow>(
    `select email, method, ended_at is not null as ended, end_reason as reason
     from mcp_sessions join users on users.id = user_id order by started_at, email`,
  );
}

/** The rows once each has ended; a session may still be ending when its last answer has arrived. */
export async function endedAuditRows(database: Database): Promise<readonly AuditRow[]> {
  for (;;) {
    const rows = await auditRows(database);
    if (rows.every(({ ended }) => ended)) return rows;
    await delay(10);
  }
}
