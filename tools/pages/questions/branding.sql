-- Which texts of text messages and calls did somebody change, and which are switched off?
SELECT type, channel, disabled, updated_at
FROM branding_phone_templates
WHERE id IS NOT NULL
ORDER BY type
