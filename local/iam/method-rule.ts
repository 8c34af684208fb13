import type { Access } from '../boundaries.ts';
import { serviceAccountResource } from './resource-name.ts';

/** What one call needs, of its caller and of the agents that act on its behalf. */
export type Needs = Omit<Access, 'principal'> & { principal?: string };
/** The IAM principal of Vertex AI's agent in a project. */
export type VertexAgent = (project: string) => string;
/** What a method's calls need, by what they ask for. */
// biome-ignore lint/suspicious/noExplicitAny: each method has its own message type.
export type Rule = (request: any, agentOf: VertexAgent) => Needs[];
/** The rules of methods, by what their full names begin with, which is their service's, and the rest of each. */
export type ServiceRules = Record<string, Record<string, Rule>>;

/** A permission on a resource of a service. */
export const on = (service: string, permission: string, name: string): Needs => ({
  permission,
  resource: `//${service}.googleapis.com/${name}`,
});

/** Attaching a service account to something is running as it. */
export function actAs(email: string | null | undefined): Needs[] {
  if (!email) return [];
  return [{ permission: 'iam.serviceAccounts.actAs', resource: serviceAccountResource(email) }];
}
