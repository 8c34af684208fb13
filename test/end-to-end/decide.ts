import { ApprovalRequest, type DecisionRequest, layout, type RunId } from '../../events/index.ts';
import type { LocalCloud } from '../../local/cloud.ts';
import type { TestCloud } from './cloud.ts';

/** What the function `decide` answers: a decision, or the code and reason of a refusal. */
export interface Decided {
  status: number;
  data: Record<string, string>;
}

export const APPROVER = 'approver@example.com';
export const ON_CALL = 'on-call@example.com';

/** Calls `decide` as a user, with the identity token that Google gives that user; `headers` go in its place. */
export async function decideAs(
  cloud: LocalCloud,
  user: string,
  request: Partial<DecisionRequest> | string,
  headers?: Record<string, string>,
): Promise<Decided> {
  const url = decideUrl(cloud);
  const { gaxios } = await import('google-auth-library');
  const { status, data } = await new gaxios.Gaxios().request<Record<string, string>>({
    ...{ url, method: 'POST', data: request, validateStatus: () => true },
    headers: headers ?? { authorization: `Bearer ${await identityToken(cloud, user, url)}` },
  });
  return { status, data };
}

/** Where `decide` is, which is the audience of its callers' tokens. */
export function decideUrl(cloud: LocalCloud): string {
  const outputs = cloud.outputs();
  return ((outputs.prod ?? outputs.dev).functions as Record<string, string>).decide;
}

/** An identity token of a user's for a function, from that user's metadata server. */
export async function identityToken(cloud: LocalCloud, user: string, audience: string): Promise<string> {
  const { GCE_METADATA_HOST: host } = await cloud.variables(user);
  const path = 'computeMetadata/v1/instance/service-accounts/default/identity';
  const response = await fetch(`http://${host}/${path}?audience=${encodeURIComponent(audience)}`, {
    headers: { 'metadata-flavor': 'Google' },
  });
  return response.text();
}

/** What an attempt of a run asks somebody to decide, if it does. */
export async function requestOf(
  { storage, buckets }: TestCloud,
  run: RunId,
  attempt = 1,
): Promise<ApprovalRequest | undefined> {
  const object = layout.approvalRequest({ run, stage: 'approve', attempt });
  const file = storage.bucket(buckets.prod).file(object);
  const [exists] = await file.exists();
  if (!exists) return undefined;
  const [content] = await file.download();
  return ApprovalRequest.parse(JSON.parse(content.toString()));
}
