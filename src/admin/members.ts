import { type Actor, isAdmin } from './actor.ts';
import { NEW_OWNER } from './grants.ts';
import type { AdminChange, AdminReads } from './ports.ts';
import { Problem } from './problem.ts';
import type { AdminRequest } from './route.ts';

/** A member as requests name one: by id or by e-mail address. */
export interface MemberReference {
  readonly user_id?: string | undefined;
  readonly user_email?: string | undefined;
}

/** Makes a user a member. One whom an administrator names for the first time is made. @throws Problem 404, 422 */
export async function addMember(
  change: AdminChange,
  teamId: string,
  reference: MemberReference & { readonly role: 'admin' | 'user' },
  { actor, parts }: AdminRequest,
): Promise<void> {
  const known = await findUserId(change, reference);
  const userId = known ?? (await makeUser(change, reference, actor, parts.newId));
  await change.setMember({ teamId, userId, role: reference.role });
}

/** @throws Problem 404, 422 */
export async function requireUserId(reads: AdminReads, reference: MemberReference): Promise<string> {
  const userId = await findUserId(reads, reference);
  if (userId === null) throw new Problem(404, 'User not found in database.', { param: 'user_id' });
  return userId;
}

async function findUserId(
  reads: AdminReads,
  { user_id: id, user_email: email }: MemberReference,
): Promise<string | null> {
  if (id !== undefined) return (await reads.getUser(id))?.id ?? null;
  if (email !== undefined) return (await reads.getUserByEmail(email))?.id ?? null;
  throw new Problem(422, 'user_id: name the user, or give the user_email.', { param: 'user_id' });
}

async function makeUser(
  change: AdminChange,
  { user_id: id, user_email: email }: MemberReference,
  actor: Actor,
  newId: () => string,
): Promise<string> {
  if (!isAdmin(actor)) throw new Problem(404, 'User not found in database.', { param: 'user_id' });
  const facts = { ...NEW_OWNER, alias: null, email: email ?? null, role: 'internal_user' };
  return (await change.insertUser(id ?? newId(), facts)).id;
}
