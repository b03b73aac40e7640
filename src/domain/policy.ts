export { permit } from './policy/permit.ts';
export type { Policy } from './policy/permit.ts';
