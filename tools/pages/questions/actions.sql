-- Which actions run at which trigger, and which of them have changes that are not deployed?
SELECT
    bindings.trigger_id,
    actions.name AS action,
    actions.runtime,
    actions.status,
    NOT actions.all_changes_deployed AS has_undeployed_changes
FROM action_trigger_bindings AS bindings
JOIN actions ON actions.id = (bindings.action ->> 'id')
ORDER BY bindings.trigger_id, actions.name
