import type { ForwardedCredentials } from 'express-mcp-guards';
import { z } from 'zod';

const organization = z.object({ id: z.string(), name: z.string() });
const role = z.enum(['viewer', 'editor', 'admin']);
export const me = z.object({ id: z.string(), name: z.string(), organization, role });
export const project = z.object({ id: z.string(), name: z.string(), createdBy: z.string() });
const projectList = z.object({ projects: z.array(project) });
const refusal = z.object({ error: z.string(), message: z.string() });

export type Me = z.infer<typeof me>;
export type Project = z.infer<typeof project>;

/** What the API refused, in its own words. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The API as the tools call it: each call with the key of whoever makes it. */
export interface ApiClient {
  me(): Promise<Me>;
  listProjects(): Promise<readonly Project[]>;
  createProject(name: string): Promise<Project>;
  deleteProject(id: string): Promise<void>;
}

/** `fetch`: adds the caller's credentials. */
export function apiClient(baseUrl: string, fetch: ForwardedCredentials['fetch']): ApiClient {
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body !== undefined && {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (response.ok) return response.status === 204 ? undefined : response.json();
    const { success, data } = refusal.safeParse(await response.json().catch(() => undefined));
    if (!success || response.status >= 500) throw new Error(`the API answered ${response.status}`);
    throw new ApiRefusal(response.status, data.error, data.message);
  }
  return {
    me: async () => me.parse(await call('GET', '/v1/me')),
    listProjects: async () => projectList.parse(await call('GET', '/v1/projects')).projects,
    createProject: async (name) => project.parse(await call('POST', '/v1/projects', { name })),
    deleteProject: async (id) => {
      await call('DELETE', `/v1/projects/${encodeURIComponent(id)}`);
    },
  };
}
