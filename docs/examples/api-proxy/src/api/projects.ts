import { randomUUID } from 'node:crypto';

export interface Project {
  readonly id: string;
  readonly name: string;
  /** User id. */
  readonly createdBy: string;
}

/** The projects of each organisation, in memory. */
export class Projects {
  readonly #byOrganization = new Map<string, Map<string, Project>>();

  list(organization: string): readonly Project[] {
    return [...this.#of(organization).values()];
  }

  create(organization: string, name: string, createdBy: string): Project {
    const project = { id: randomUUID(), name, createdBy };
    this.#of(organization).set(project.id, project);
    return project;
  }

  /** `false` where this organisation has no such project. */
  delete(organization: string, id: string): boolean {
    return this.#of(organization).delete(id);
  }

  #of(organization: string): Map<string, Project> {
    const known = this.#byOrganization.get(organization) ?? new Map<string, Project>();
    this.#byOrganization.set(organization, known);
    return known;
  }
}
