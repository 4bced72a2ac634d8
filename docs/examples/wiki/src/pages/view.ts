import type { Page, PageMatch, PageRevision, PageSummary } from './page.js';

/** Pages as they leave the wiki, over REST and MCP: times in ISO 8601, no internal ids. */
export interface PageSummaryView {
  readonly slug: string;
  readonly title: string;
  readonly visibility: 'public' | 'private';
  readonly revision: number;
  readonly updatedAt: string;
  readonly updatedBy: string;
}
export type PageView = PageSummaryView & { readonly body: string };
export type PageMatchView = PageSummaryView & { readonly excerpt: string };
export type PageRevisionView = Omit<PageRevision, 'createdAt'> & { readonly createdAt: string };

export function summaryView({
  slug,
  title,
  visibility,
  revision,
  updatedAt,
  updatedBy,
}: PageSummary): PageSummaryView {
  return { slug, title, visibility, revision, updatedAt: updatedAt.toISOString(), updatedBy };
}

export function pageView(page: Page): PageView {
  return { ...summaryView(page), body: page.body };
}

export function matchView(match: PageMatch): PageMatchView {
  return { ...summaryView(match), excerpt: match.excerpt };
}

export function revisionView({ createdAt, ...revision }: PageRevision): PageRevisionView {
  return { ...revision, createdAt: createdAt.toISOString() };
}
