import type { Grant } from './policy.ts';

/** The agents with which services act, by the name of their Google-managed domain. */
const DOMAINS = {
  pubsub: 'gcp-sa-pubsub',
  storage: 'gs-project-accounts',
  vertex: 'gcp-sa-aiplatform',
} as const;

/** The IAM principal with which a service acts for a project of that number. */
export function serviceAgent(service: keyof typeof DOMAINS, projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@${DOMAINS[service]}.iam.gserviceaccount.com`;
}

/**
 * What Google grants without being asked: Vertex AI's agent its role on its own project, and a project's
 * accounts the sight of the copies that the Model Registry keeps of the project's artefacts.
 */
export function automaticGrants(
  projects: { project: string; number: string }[],
  accounts: { project: string; email: string }[],
): Grant[] {
  return [
    ...projects.map(({ project, number }) => ({
      resource: `projects/${project}`,
      role: 'roles/aiplatform.serviceAgent',
      member: serviceAgent('vertex', number),
    })),
    ...accounts.map(({ project, email }) => ({
      resource: `projects/_/buckets/vertex-managed-${project}`,
      role: 'roles/storage.objectViewer',
      member: `serviceAccount:${email}`,
    })),
  ];
}
