from django.db import connection, migrations, models


class Migration(migrations.Migration):
    # On PostgreSQL each step commits by itself: locks that were held to the end would keep people waiting, and two could wait
    # for each other. SQLite makes a table anew, which nobody may see half-way.
    atomic = connection.vendor == "sqlite"

    dependencies = [
        ('students', '0007_identification'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='observation',
            name='students_ob_student_6d2f24_idx',
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(condition=models.Q(('voided_at__isnull', True)), fields=['student', '-happened_on', 'level', 'kind'], name='touches_of_a_student'),
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(condition=models.Q(('voided_at__isnull', True)), fields=['happened_on', 'level', 'kind', 'student'], name='touches_by_day'),
        ),
    ]
