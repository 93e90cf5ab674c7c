-- Which screens of the login pages does the tenant's own code render?
SELECT prompt, screen, use_page_template, filters
FROM prompt_renderings
WHERE rendering_mode = 'advanced'
ORDER BY prompt, screen
