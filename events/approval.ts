import { z } from 'zod';
import { Sha256 } from './identifiers.ts';
import { AttemptKey } from './records.ts';

/** Somebody whom IAM knows: a person, a group of them, or a service account. */
export const Member = z
  .string()
  .regex(/^(user|group|serviceAccount):[^\s@]+@[^\s@]+$/, 'expected user:…, group:… or serviceAccount:…');
export type Member = z.infer<typeof Member>;

/** Who has to agree to a promotion, as a stack's config says it. */
export const ApprovalPolicy = z.strictObject({
  required: z.boolean().default(false),
  approvers: z.array(Member).default([]),
  /** How long a run waits before it is rejected. */
  expiresAfterSeconds: z.number().int().positive().default(86_400),
  /** Whether whoever started a run may approve it. */
  selfApproval: z.boolean().default(true),
});
export type ApprovalPolicy = z.output<typeof ApprovalPolicy>;

/** `approval.json`: what a run waits for somebody to decide. Written once, by `approve`. */
export const ApprovalRequest = AttemptKey.extend({
  model: z.string(),
  digest: Sha256.describe('The `approvalDigest` of the evaluation.'),
  requestedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Who started the run, where that is known. */
  startedBy: z.string().optional(),
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

/** `decision.json`: what was decided, by whom. Written once: whoever comes second finds it there. */
export const Decision = z.object({
  /** Tells this decision from any other, so that a write whose answer was lost is known again. */
  id: z.string(),
  decision: z.enum(['approved', 'rejected']),
  /** The e-mail address of the identity token, or `expiry`. */
  by: z.string(),
  reason: z.string(),
  digest: Sha256,
  at: z.iso.datetime(),
});
export type Decision = z.infer<typeof Decision>;
