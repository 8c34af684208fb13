import type { Access } from '../boundaries.ts';
import { type Condition, readCondition } from './condition.ts';
import { denied } from './denied.ts';
import { lineage, parseResourceName } from './resource-name.ts';
import { permissionsOf } from './roles.ts';

/** A role that a principal holds on a resource and on everything below it. */
export interface Grant {
  /** The resource's name without a service: `projects/P`, `projects/_/buckets/B`, `projects/P/topics/T`… */
  resource: string;
  role: string;
  member: string;
  condition?: { title: string; expression: string };
  /** What declares it, `<stack>/<logical name>`; absent for what Google grants its own agents. */
  declaredAs?: string;
}

/** How an access was decided. */
export interface Decision extends Access {
  /** The grants each of which alone permits it; none when it is denied. */
  grants: Grant[];
  /** Whether the principal owns the resource's project, and needs no grant. */
  isOwner: boolean;
}

export interface PolicyOptions {
  grants: Grant[];
  /** Who may do everything, in one project or in all: people and programs that no grant describes. */
  owners: { principal: string; project?: string }[];
  projectOfBucket: (bucket: string) => string | undefined;
  /** Told of each decision. */
  onDecision?: (decision: Decision) => void;
}

interface CompiledGrant {
  grant: Grant;
  permissions: ReadonlySet<string>;
  holds: Condition;
}

/** Who may do what, as the program declares it: IAM for everything that the local cloud serves. */
export class Policy {
  readonly #options: PolicyOptions;
  readonly #byMember = new Map<string, CompiledGrant[]>();

  /** @throws Error for a role or a condition that isn't known here, and for a basic role */
  constructor(options: PolicyOptions) {
    this.#options = options;
    for (const grant of options.grants) this.#add(grant);
  }

  #add(grant: Grant): void {
    const holds = grant.condition ? readCondition(grant.condition.expression) : () => true;
    const compiled = { grant, permissions: permissionsOf(grant.role), holds };
    this.#byMember.set(grant.member, [...(this.#byMember.get(grant.member) ?? []), compiled]);
  }

  decide(access: Access): Decision {
    const resource = parseResourceName(access.resource);
    const names = lineage(resource, this.#options.projectOfBucket);
    const grants = (this.#byMember.get(access.principal) ?? [])
      .filter(
        ({ grant, permissions, holds }) =>
          permissions.has(access.permission) && names.includes(grant.resource) && holds(resource),
      )
      .map(({ grant }) => grant);
    const isOwner = this.#options.owners.some(
      ({ principal, project }) =>
        principal === access.principal && (!project || names.at(-1) === `projects/${project}`),
    );
    return { ...access, grants, isOwner };
  }

  /** The grants on one resource itself, as its own IAM policy lists them. */
  grantsOn(resource: string): Grant[] {
    const all = [...this.#byMember.values()].flat();
    return all.map(({ grant }) => grant).filter((grant) => grant.resource === resource);
  }

  allows(access: Access): boolean {
    const decision = this.decide(access);
    this.#options.onDecision?.(decision);
    return decision.isOwner || decision.grants.length > 0;
  }

  /** Throws PERMISSION_DENIED, worded as the resource's service words it. */
  authorize(access: Access): void {
    if (!this.allows(access)) throw denied(access);
  }
}
