import type protobuf from 'protobufjs';
import type { Annotations, FieldRule } from './annotations.ts';

export interface Findings {
  /** What makes the request invalid, one per field. */
  violations: string[];
  /** Output-only fields that the caller set. They have been cleared: Google says a server must not reject them. */
  cleared: string[];
}

type Message = Record<string, unknown>;

/**
 * Checks a decoded request by the annotations of its type, and clears output-only fields in place.
 *
 * A number, boolean or enum that is required but zero passes: proto3 doesn't tell it from an unset one. In a
 * request with an `update_mask`, what the mask leaves out needs no value, and output-only fields that come
 * back from a read are cleared without a word, except the resource's name, which says what to update.
 */
export function validate(type: protobuf.Type, request: object, annotations: Annotations): Findings {
  const findings: Findings = { violations: [], cleared: [] };
  const message = request as Message;
  const mask = updateMask(type, message);
  for (const rule of annotations.fields(type)) {
    check(rule, message, '', { annotations, findings, mask: rule.name === 'updateMask' ? undefined : mask });
  }
  return findings;
}

interface Scope {
  annotations: Annotations;
  findings: Findings;
  /** The update's paths within the resource; none in a request that is no update. */
  mask: string[] | undefined;
}

function check(rule: FieldRule, message: Message, parent: string, scope: Scope): void {
  const value = Object.hasOwn(message, rule.name) ? message[rule.name] : undefined;
  const path = parent ? `${parent}.${rule.protoName}` : rule.protoName;
  const empty = isEmpty(rule, value);
  const namesUpdatedResource = scope.mask !== undefined && rule.name === 'name' && !parent.includes('.');

  if (rule.outputOnly && !namesUpdatedResource) {
    if (empty) return;
    delete message[rule.name];
    if (scope.mask === undefined || maskNames(scope.mask, path)) scope.findings.cleared.push(path);
    return;
  }
  if (empty) {
    const checkable = rule.required && !rule.implicit && !rule.inOneof;
    if (checkable && (parent === '' || scope.mask === undefined || maskCovers(scope.mask, path))) {
      scope.findings.violations.push(`${path}: required field is missing`);
    }
    return;
  }
  checkReference(rule, value, path, scope);
  for (const [at, nested] of nestedMessages(rule, value, path)) {
    for (const nestedRule of scope.annotations.fields(rule.message!)) check(nestedRule, nested, at, scope);
  }
}

function checkReference(rule: FieldRule, value: unknown, path: string, scope: Scope): void {
  const { reference } = rule;
  if (!reference) return;
  const names = (rule.map ? Object.values(value as object) : [value].flat()) as string[];
  for (const name of names) {
    if (reference.matches(name)) continue;
    const patterns = reference.patterns.join(' or ');
    scope.findings.violations.push(
      `${path}: "${name}" is no name of ${reference.type}, which has the form ${patterns}`,
    );
  }
}

function nestedMessages(rule: FieldRule, value: unknown, path: string): [path: string, message: Message][] {
  if (!rule.message) return [];
  if (rule.map) return Object.entries(value as object).map(([key, item]) => [`${path}[${key}]`, item]);
  if (rule.repeated) return (value as Message[]).map((item, index) => [`${path}[${index}]`, item]);
  return [[path, value as Message]];
}

function isEmpty(rule: FieldRule, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (rule.map) return Object.keys(value).length === 0;
  if (rule.repeated) return (value as unknown[]).length === 0;
  return value === '' || (value instanceof Uint8Array && value.length === 0);
}

function updateMask(type: protobuf.Type, request: Message): string[] | undefined {
  if (type.fields.updateMask?.type !== 'google.protobuf.FieldMask') return undefined;
  const mask = request.updateMask as { paths?: string[] } | null | undefined;
  return mask?.paths ?? [];
}

/** The mask asks for this very field, or for a message that holds it. Paths are relative to the resource. */
function maskCovers(mask: string[], path: string): boolean {
  const relative = withinResource(path);
  return mask.some(
    (entry) => entry === '*' || relative === snake(entry) || relative.startsWith(`${snake(entry)}.`),
  );
}

function maskNames(mask: string[], path: string): boolean {
  return mask.some((entry) => snake(entry) === withinResource(path));
}

function withinResource(path: string): string {
  return path.slice(path.indexOf('.') + 1).replace(/\[[^\]]*\]/g, '');
}

function snake(path: string): string {
  return path.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
