import type { PageAccess } from '../users/abilities.js';

/** A page as lists show it. */
export interface PageSummary extends PageAccess {
  readonly slug: string;
  readonly title: string;
  readonly revision: number;
  readonly updatedAt: Date;
  /** The name of the person who made this revision. */
  readonly updatedBy: string;
}

export interface Page extends PageSummary {
  readonly body: string;
}

export interface PageMatch extends PageSummary {
  /** The text around the first place that matches. */
  readonly excerpt: string;
}

export interface PageRevision {
  readonly revision: number;
  readonly title: string;
  readonly summary: string;
  readonly author: string;
  readonly createdAt: Date;
}

export interface PageEdit {
  readonly slug: string;
  /** The revision the new text is based on. */
  readonly expectedRevision: number;
  readonly body: string;
  readonly title?: string | undefined;
  readonly summary?: string | undefined;
}
