import { RULES, type Rule } from './rules.ts';

/** One thing that was looked at. */
export interface Finding {
  rule: Rule;
  status: 'ok' | 'warning' | 'error';
  /** The file, the job or the request that it was seen in. */
  place: string;
  /** What was there; nothing where all is well. */
  found?: string;
  expected: string;
}

/** What a check has found, and what it didn't come to. */
export interface CheckedWorkload {
  workload: string;
  directory: string;
  /** Whether the contract is kept: there may be warnings. */
  kept: boolean;
  findings: Finding[];
  notChecked: Rule[];
}

/** Collects findings. A rule is kept at a place unless something was found there. */
export class Report {
  readonly findings: Finding[] = [];

  /** Notes whether the rule is kept: `found` says what is there instead. Answers whether it is. */
  expect(rule: Rule, place: string, found: string | undefined | false): boolean {
    return this.#note(rule, place, 'error', found);
  }

  /** As `expect`, for what is worth a thought and no breach. */
  advise(rule: Rule, place: string, found: string | undefined | false): boolean {
    return this.#note(rule, place, 'warning', found);
  }

  /** The rules that nothing was found about. */
  notChecked(): Rule[] {
    const checked = new Set(this.findings.map(({ rule }) => rule));
    return (Object.keys(RULES) as Rule[]).filter((rule) => !checked.has(rule));
  }

  get kept(): boolean {
    return this.findings.every(({ status }) => status !== 'error');
  }

  #note(rule: Rule, place: string, status: 'warning' | 'error', found: string | undefined | false): boolean {
    const finding: Omit<Finding, 'status'> = { rule, place, expected: RULES[rule] };
    this.findings.push(found ? { ...finding, status, found } : { ...finding, status: 'ok' });
    return !found;
  }
}
