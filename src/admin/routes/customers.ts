import type { StoredCustomer } from '../../domain/holders.ts';
import { z } from '@hono/zod-openapi';
import { CUSTOMER_FIELDS, ofChange } from '../fields.ts';
import { NEW_OWNER } from '../grants.ts';
import { flag, idText, metadataObject, nameText, pageShape } from '../inputs.ts';
import { holderLimitShape } from '../limit-inputs.ts';
import { limitsAfter } from '../limits.ts';
import { textOrNull } from '../key-facts.ts';
import { Problem } from '../problem.ts';
import { changing, defineRoute, type Route } from '../route.ts';
import { customerView, totalHeader, viewCustomer, viewCustomers } from '../views.ts';

const customerInput = z.strictObject({
  user_id: idText,
  alias: nameText.optional(),
  blocked: z.boolean().optional(),
  metadata: metadataObject.optional(),
  ...holderLimitShape,
});
const customerIds = z.strictObject({ user_ids: z.array(idText).min(1).max(1000) });

function noSuchCustomer(param: string): Problem {
  return new Problem(404, 'Customer not found in database.', { param });
}

/** End users of somebody's application, under both of LiteLLM's names for them. */
export const CUSTOMER_ROUTES: readonly Route[] = ['/customer', '/end_user'].flatMap((root) => [
  defineRoute({
    method: 'post',
    path: `${root}/new`,
    summary: 'Make a customer',
    access: 'admin',
    input: customerInput,
    fields: CUSTOMER_FIELDS,
    answer: customerView,
    handle: async (input, request) => {
      const customer = await changing(request, 'customer.new', async (change) => {
        if ((await change.getCustomer(input.user_id)) !== null) {
          throw new Problem(400, 'Customer already exists.', { param: 'user_id' });
        }
        return change.insertCustomer(input.user_id, {
          ...NEW_OWNER,
          ...limitsAfter(input, NEW_OWNER, request.actor),
          alias: textOrNull(input.alias),
          blocked: input.blocked ?? false,
          metadata: input.metadata ?? {},
        });
      });
      return { body: await viewCustomer(customer, request.parts) };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${root}/update`,
    summary: 'Change a customer',
    access: 'admin',
    input: customerInput,
    fields: ofChange(CUSTOMER_FIELDS),
    answer: customerView,
    handle: async ({ user_id: id, alias, blocked, metadata, ...limits }, request) => {
      const patch = { blocked, metadata, ...(alias === undefined ? {} : { alias: textOrNull(alias) }) };
      const customer = await changing(request, 'customer.update', async (change) => {
        const before = await change.getCustomer(id);
        if (before === null) throw noSuchCustomer('user_id');
        return change.updateCustomer(id, { ...patch, ...limitsAfter(limits, before, request.actor) });
      });
      return { body: await viewCustomer(customer, request.parts) };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${root}/delete`,
    summary: 'Take customers away, all or none',
    access: 'admin',
    input: customerIds,
    answer: z.object({ deleted_customers: z.number(), message: z.string() }),
    handle: async ({ user_ids: ids }, request) => {
      const unique = new Set(ids);
      await changing(request, 'customer.delete', async (change) => {
        for (const id of unique) await change.deleteCustomer(id);
      });
      return { body: { deleted_customers: unique.size, message: `Successfully deleted ${unique.size} customers.` } };
    },
  }),
  blocking(`${root}/block`, true),
  blocking(`${root}/unblock`, false),
  defineRoute({
    method: 'get',
    path: `${root}/info`,
    summary: 'What is known of a customer',
    access: 'auditor',
    input: z.strictObject({ end_user_id: idText }),
    answer: customerView,
    handle: async ({ end_user_id: id }, { parts }) => {
      const customer = await parts.store.read.getCustomer(id);
      if (customer === null) throw noSuchCustomer('end_user_id');
      return { body: await viewCustomer(customer, parts) };
    },
  }),
  defineRoute({
    method: 'get',
    path: `${root}/list`,
    summary: 'A page of customers; x-total-count says how many there are',
    access: 'auditor',
    input: z.strictObject({
      ...pageShape,
      size: pageShape.size.unwrap().default(100),
      user_id: nameText.optional().openapi({ description: 'Part of the id.' }),
      blocked: flag.optional(),
    }),
    answer: z.array(customerView),
    handle: async ({ page, size, user_id: idContains, blocked }, { parts }) => {
      const found = await parts.store.read.listCustomers({ idContains, blocked }, { page, size });
      return { body: await viewCustomers(found.rows, parts), headers: totalHeader(found) };
    },
  }),
]);

function blocking(path: string, blocked: boolean): Route {
  return defineRoute({
    method: 'post',
    path,
    summary: blocked ? 'Block customers, all or none' : 'Let blocked customers go on, all or none',
    access: 'admin',
    input: customerIds,
    answer: z.object({ blocked_users: z.array(customerView) }),
    handle: async ({ user_ids: ids }, request) => {
      const action = blocked ? 'customer.block' : 'customer.unblock';
      const customers = await changing(request, action, async (change) => {
        const done: StoredCustomer[] = [];
        for (const id of new Set(ids)) done.push(await change.updateCustomer(id, { blocked }));
        return done;
      });
      return { body: { blocked_users: await viewCustomers(customers, request.parts) } };
    },
  });
}
