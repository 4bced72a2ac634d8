import { json, type RequestHandler, Router } from 'express';
import { getPrincipal, mcpRequireAuth } from 'express-mcp-guards';
import { z } from 'zod';
import { WikiError } from '../errors.js';
import { editFields, searchFields, slug } from '../pages/input.js';
import type { Pages } from '../pages/pages.js';
import { matchView, pageView, revisionView, summaryView } from '../pages/view.js';
import type { CallerOf } from '../users/callers.js';
import type { AccessTokens } from '../users/tokens.js';
import type { UserStore } from '../users/user-store.js';
import { authenticate, callerIn } from './caller.js';

export interface ApiParts {
  readonly pages: Pages;
  readonly users: UserStore;
  readonly tokens: AccessTokens;
  readonly callerOf: CallerOf;
  /** Proves e-mail and password, sent as HTTP Basic. */
  readonly passwordLogin: readonly RequestHandler[];
}

const editBody = z.strictObject(editFields);
const searchQuery = z.object({
  text: searchFields.text,
  limit: z.preprocess((value) => (value === undefined ? value : Number(value)), searchFields.limit),
});

/** The wiki's REST API. MCP tools use the same users, tokens, abilities and pages. */
export function api({ pages, users, tokens, callerOf, passwordLogin }: ApiParts): Router {
  const router = Router();

  router.post('/login', ...passwordLogin, mcpRequireAuth(), async (request, response) => {
    const principal = getPrincipal(request);
    if (principal === undefined) throw new WikiError('unauthenticated', 'E-mail and password are needed');
    const { token, expiresAt } = await tokens.issue(principal.subject);
    response.set('Cache-Control', 'no-store').json({ accessToken: token, expiresAt });
  });

  router.use(authenticate(callerOf), json({ limit: '500kb' }));

  router.get('/pages', async (_request, response) => {
    response.json({ pages: (await pages.list(callerIn(response))).map(summaryView) });
  });
  router.get('/search', async (request, response) => {
    const { text, limit } = searchQuery.parse(request.query);
    const matches = await pages.search(callerIn(response), text, limit);
    response.json({ matches: matches.map(matchView) });
  });
  router.get('/pages/:slug', async (request, response) => {
    response.json(pageView(await pages.read(callerIn(response), slugIn(request.params))));
  });
  router.put('/pages/:slug', async (request, response) => {
    const edit = { ...editBody.parse(request.body), slug: slugIn(request.params) };
    response.json(pageView(await pages.edit(callerIn(response), edit)));
  });
  router.get('/pages/:slug/history', async (request, response) => {
    const revisions = await pages.history(callerIn(response), slugIn(request.params), 100);
    response.json({ revisions: revisions.map(revisionView) });
  });

  router.put('/users/:email/disabled', async (request, response) => {
    if (!callerIn(response).ability.can('disable', 'User'))
      throw new WikiError('forbidden', 'Only for admins');
    const disabled = z.boolean().parse((request.body as { disabled?: unknown } | undefined)?.disabled);
    if (!(await users.setDisabled(request.params.email, disabled))) {
      throw new WikiError('not_found', 'There is no such user');
    }
    response.json({ disabled });
  });
  return router;
}

/** A slug that no page can have is a page that does not exist. */
function slugIn(params: { readonly slug: string }): string {
  const { success, data } = slug.safeParse(params.slug);
  if (!success) throw new WikiError('not_found', 'There is no such page');
  return data;
}
