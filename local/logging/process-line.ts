export { type ProcessLog, type ProcessLogEntry, parseProcessLine } from '../processes/output-line.ts';
