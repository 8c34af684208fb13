import type { Grant, Policy } from './policy.ts';

/** The agents with which services act, by the name of their Google-managed domain. */
const DOMAINS = {
  dataflow: 'dataflow-service-producer-prod',
  monitoring: 'gcp-sa-monitoring-notification',
  pubsub: 'gcp-sa-pubsub',
  scheduler: 'gcp-sa-cloudscheduler',
  storage: 'gs-project-accounts',
  vertex: 'gcp-sa-aiplatform',
} as const;

/** The IAM principal with which a service acts for a project of that number. */
export function serviceAgent(service: keyof typeof DOMAINS, projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@${DOMAINS[service]}.iam.gserviceaccount.com`;
}

/** What Google grants without being asked: the sight of the Model Registry's copies of a project's artefacts. */
export function automaticGrants(accounts: { project: string; email: string }[]): Grant[] {
  return accounts.map(({ project, email }) => ({
    resource: `projects/_/buckets/vertex-managed-${project}`,
    role: 'roles/storage.objectViewer',
    member: `serviceAccount:${email}`,
  }));
}

/** Whether Pub/Sub's agent may publish a dead letter, and acknowledge it on the subscription that it comes from. */
export function mayDeadLetter(policy: Policy, projectNumber: (project: string) => string) {
  return (subscription: string, topic: string): boolean => {
    const principal = serviceAgent('pubsub', projectNumber(subscription.split('/')[1]));
    const needs = [
      { permission: 'pubsub.topics.publish', resource: `//pubsub.googleapis.com/${topic}` },
      { permission: 'pubsub.subscriptions.consume', resource: `//pubsub.googleapis.com/${subscription}` },
    ];
    return needs.every((access) => policy.allows({ principal, ...access }));
  };
}
