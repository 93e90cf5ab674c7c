-- Which e-mails does the tenant send, through which provider and from which address?
SELECT
    email_templates.template,
    email_templates.enabled,
    email_provider.name AS provider,
    coalesce(email_templates."from", email_provider.default_from_address) AS sender
FROM email_templates
LEFT JOIN email_provider ON email_provider.enabled
ORDER BY email_templates.template
