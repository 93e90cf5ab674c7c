-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['template', 'text', 'template'],
    ['enabled', 'boolean', 'enabled'],
    ['subject', 'text', 'subject'],
    ['sender', 'text', 'from'],
    ['body', 'text', 'body'],
    ['syntax', 'text', 'syntax'],
    ['result_url', 'text', 'resultUrl'],
    ['url_lifetime_in_seconds', 'number', 'urlLifetimeInSeconds'],
    ['include_email_in_redirect', 'boolean', 'includeEmailInRedirect'],
] %}
{{ auth0.staged('email_templates', columns, key=['template']) }}
