import type { Action, Plan } from "./actions.ts";
import { type Node, type NodeView, names, selfOf } from "./observation.ts";

/**
 * Leaves out what concerns nodes that move slots in one step at present: an earlier process has begun it. A failover at its end
 * could lose writes (valkey#2724), so the replicas of these nodes are left alone, too.
 */
export function spareMigrations(plan: Plan, nodes: readonly Node[]): Plan {
  const moving = nodes.filter(({ role, view }) => role === "primary" && view.migrations.length > 0);
  if (moving.length === 0) return plan;
  const waiting = { waitFor: `moves of slots to end (${names(moving)})` };
  if (plan === "settled") return waiting;
  if ("waitFor" in plan) return plan;
  const ids = new Set(moving.map(({ id }) => id));
  const isSpared = (view: NodeView) => {
    const { id, primaryId = id } = selfOf(view);
    return ids.has(id) || ids.has(primaryId);
  };
  const actions = plan.actions.filter(
    (action) => action.kind === "meet" || !viewsOf(action).some((view) => isSpared(view)),
  );
  return actions.length === 0 ? waiting : { ...plan, actions };
}

function viewsOf(action: Action): NodeView[] {
  switch (action.kind) {
    case "replicate":
      return [action.node, action.primary];
    case "move":
      return [action.node, action.to];
    case "give-back":
      return [action.node, action.owner];
    default:
      return [action.node];
  }
}
